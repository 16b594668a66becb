import * as v from 'valibot';
import type { Capabilities, Capability, Connection } from '../networks/network.ts';
import { capabilityTitles } from './capability.ts';

export const warningCodes = [
  'right_lost',
  'no_access',
  'expires_soon',
  'refresh_failing',
  'refresh_stale',
  'foreign_listener',
  'credential_unusable',
] as const;

export const WarningSchema = v.strictObject({
  code: v.picklist(warningCodes),
  message: v.string(),
  since: v.pipe(v.string(), v.isoTimestamp()),
});

/** Something that a check found. `about` tells two of one code apart (the right that was lost). */
export interface Finding {
  code: (typeof warningCodes)[number];
  about: string | null;
  /** Plain words that say what to do. */
  message: string;
}

/** A finding as a community's row keeps it. */
export interface KeptWarning extends Finding {
  since: string;
}

/** Access that still works, and that no longer can be renewed. */
export function lastAccess(endsAt: Date, why: string | null): Finding {
  const when = `${endsAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const message = [`The access ends on ${when} and cannot be renewed: sign in again before.`, why]
    .filter(Boolean)
    .join(' ');
  return { code: 'expires_soon', about: null, message };
}

/** Credentials that can be done without and that do not work, as findings. */
export function unusableOf({ unusable = [] }: Pick<Connection, 'unusable'>): Finding[] {
  return unusable.map(({ field, message, nextStep }) => ({
    code: 'credential_unusable',
    about: field,
    message: [message, nextStep].filter(Boolean).join(' '),
  }));
}

/** What holds now, each since it was found first. */
export function warningsOf(before: readonly KeptWarning[], now: readonly Finding[]): KeptWarning[] {
  const at = new Date().toISOString();
  return now.map((finding) => {
    const kept = before.find(({ code, about }) => code === finding.code && about === finding.about);
    return { ...finding, since: kept?.since ?? at };
  });
}

/** Rights that were there, or were missed already, and are not there now. */
export function lostRights(
  before: { capabilities: Readonly<Record<string, Partial<Capability>>>; warnings: readonly KeptWarning[] },
  after: Capabilities,
): Finding[] {
  return Object.entries(after).flatMap(([name, { available, detail, next_step }]): Finding[] => {
    const missed = before.warnings.some(({ code, about }) => code === 'right_lost' && about === name);
    if (available || !(missed || before.capabilities[name]?.available)) return [];
    const title = capabilityTitles[name as keyof Capabilities];
    const message = [`${title}: no longer possible.`, detail, next_step].filter(Boolean).join(' ');
    return [{ code: 'right_lost', about: name, message }];
  });
}
