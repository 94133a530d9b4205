/** Where Autodesk keeps an application, in the words of every message that sends people there. */
export const developerHub = 'your Developer Hub (https://aps.autodesk.com)';
