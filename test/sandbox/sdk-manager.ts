// The SDK manager of Autodesk's SDK packages, configured for a sandbox.
import { ApsConfiguration, Logger, SdkManagerBuilder } from '@aps_sdk/autodesk-sdkmanager';
import type { Sandbox } from '../support/sandbox.ts';

export function sdkManagerFor(sandbox: Sandbox) {
  const configuration = new ApsConfiguration({});
  configuration.baseAddress = new URL(sandbox.url);
  const logger = new Logger();
  logger.setEnabled(false);
  return SdkManagerBuilder.create().addApsConfiguration(configuration).addLogger(logger).build();
}
