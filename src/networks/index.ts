import { invalid } from '../errors.ts';
import type { CapabilityName, Network } from './network.ts';
import { telegram } from './telegram.ts';
import { vk } from './vk.ts';

/** Every network by its name, in the order in which they are shown. */
export const networks: Readonly<Record<string, Network>> = { telegram, vk };

/** The network of that name. Throws `invalid` at `/network` when there is none. */
export function networkNamed(name: string): Network {
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (network !== undefined) return network;
  throw invalid({ path: '/network', message: `must be one of: ${Object.keys(networks).join(', ')}` });
}

/** What a network can do at best; what a connection can do stands in its own `capabilities`. */
export function capabilitiesOf(network: Network): CapabilityName[] {
  const able: Readonly<Record<CapabilityName, boolean>> = {
    text: network.limits.text.most > 0,
    images: network.limits.images.most > 0,
    find: network.find !== undefined,
  };
  return (Object.keys(able) as CapabilityName[]).filter((name) => able[name]);
}
