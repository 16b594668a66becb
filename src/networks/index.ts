import * as v from 'valibot';
import { type InputFault, invalid } from '../errors.ts';
import type { Json } from './message.ts';
import { type CapabilityName, capabilityNames, type Network } from './network.ts';
import { telegram } from './telegram/telegram.ts';
import { vk } from './vk/vk.ts';

/** Every network by its name, in the order in which they are shown. */
export const networks: Readonly<Record<string, Network>> = { telegram, vk };

/** The network of that name. Throws `invalid` at `/network` when there is none. */
export function networkNamed(name: string): Network {
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (network !== undefined) return network;
  throw invalid({ path: '/network', message: `must be one of: ${Object.keys(networks).join(', ')}` });
}

/** What is wrong with the options that a post gives for a network; paths begin at the options. */
export function optionFaults(network: Network, given: unknown): InputFault[] {
  const parsed = v.safeParse(network.options, given);
  return (parsed.issues ?? []).map((issue) => ({
    path: (issue.path ?? [])
      .map((step) => `/${String(step.key).replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join(''),
    message:
      issue.expected === 'never'
        ? `${network.title} has no such option: GET /v1/networks tells those that there are.`
        : issue.message.startsWith('Invalid ')
          ? `Expected ${issue.expected ?? 'something else'}.`
          : issue.message,
  }));
}

/** Options as the network reads them, with its defaults; what it no longer knows stays as it was kept. */
export function readOptions(
  network: Network,
  given: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json>> {
  const parsed = v.safeParse(network.options, given);
  return parsed.success ? parsed.output : given;
}

/** What a network can do at best; what a connection can do stands in its own `capabilities`. */
export function capabilitiesOf(network: Network): CapabilityName[] {
  const { limits } = network;
  const able: Readonly<Record<CapabilityName, boolean>> = {
    text: limits.text.most > 0,
    images: limits.images.most > 0,
    video: limits.video.most > 0,
    documents: limits.document.most > 0,
    audio: limits.audio.most > 0 || limits.voice.most > 0,
    polls: limits.poll !== null,
    edit: network.edit !== undefined,
    delete: network.remove !== undefined,
    pin: network.pin !== undefined,
    comments: network.comment !== undefined,
    find: network.find !== undefined,
    updates: true,
    statistics: true,
  };
  return capabilityNames.filter((name) => able[name]);
}
