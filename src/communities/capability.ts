import * as v from 'valibot';
import {
  type Capabilities,
  type Capability,
  type CapabilityName,
  capabilityNames,
} from '../networks/network.ts';

export const CapabilitySchema = v.strictObject({
  available: v.boolean(),
  detail: v.string(),
  without: v.pipe(v.nullable(v.string()), v.description('What works all the same while it is missing.')),
  next_step: v.pipe(v.nullable(v.string()), v.description('What to do to get it.')),
});

const schemas = Object.fromEntries(capabilityNames.map((name) => [name, CapabilitySchema]));
export const CapabilitiesSchema = v.pipe(
  v.strictObject(schemas as Record<CapabilityName, typeof CapabilitySchema>),
  v.description('What this connection can do, as the network itself told at the last check.'),
);

/** How people call them. */
export const capabilityTitles: Readonly<Record<CapabilityName, string>> = {
  text: 'Texts',
  images: 'Images',
  video: 'Videos',
  documents: 'Documents',
  audio: 'Audio',
  polls: 'Polls',
  edit: 'Changing published posts',
  delete: 'Removing published posts',
  pin: 'Pinning posts',
  comments: 'Commenting as the community',
  find: 'Finding out whether a post went out',
  updates: 'Hearing what happens there',
  statistics: 'Statistics',
};

const unchecked: Capability = {
  available: false,
  detail: 'Not checked yet.',
  without: null,
  next_step: 'Check the connection: POST /v1/communities/{id}/check.',
};

/** Capabilities as a row holds them, whole: one that was written before a name was known lacks it. */
export function wholeCapabilities(kept: Readonly<Record<string, Partial<Capability>>>): Capabilities {
  const whole = capabilityNames.map((name) => {
    const { available = false, detail = '', without = null, next_step = null } = kept[name] ?? unchecked;
    return [name, { available, detail, without, next_step }];
  });
  return Object.fromEntries(whole) as Capabilities;
}
