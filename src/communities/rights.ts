import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { networkNamed } from '../networks/index.ts';
import { capabilityNames } from '../networks/network.ts';
import { CapabilitySchema, capabilityTitles } from './capability.ts';
import { read, statuses } from './community.ts';
import { openCredentials } from './credential.ts';
import { WarningSchema } from './warning.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());

/** What a connection can do and how its credentials are: the page on which a person checks it. */
export const RightsSchema = v.pipe(
  v.strictObject({
    community_id: v.pipe(v.string(), v.uuid()),
    status: v.picklist(statuses),
    status_reason: v.nullable(v.string()),
    checked_at: Timestamp,
    rights: v.array(
      v.strictObject({ name: v.picklist(capabilityNames), title: v.string(), ...CapabilitySchema.entries }),
    ),
    credential: v.pipe(
      v.nullable(
        v.strictObject({
          hint: v.string(),
          kinds: v.pipe(
            v.array(v.string()),
            v.description('Which fields of the credentials are there; empty: they cannot be opened.'),
          ),
          given_at: Timestamp,
          expires_at: v.pipe(v.nullable(Timestamp), v.description('null: does not end by itself.')),
          renews: v.pipe(v.boolean(), v.description('Whether Outpost renews it in time by itself.')),
          refreshed_at: v.nullable(Timestamp),
          last_error: v.nullable(v.string()),
        }),
      ),
      v.description('null: destroyed.'),
    ),
    warnings: v.array(WarningSchema),
  }),
  v.metadata({ ref: 'CommunityRights' }),
);

export type Rights = v.InferOutput<typeof RightsSchema>;

/** Asks nobody: tells what the last check found. Throws `not_found`. */
export function getRights(ctx: Context, who: Who, id: string): Promise<Rights> {
  return asWorkspace(ctx, who, async (tx) => {
    const community = await read(ctx, tx, who.workspaceId, id);
    const [row] = await tx<
      {
        hint: string;
        updated_at: Date;
        grant_id: string | null;
        expires_at: Date | null;
        refreshed_at: Date | null;
        last_error: string | null;
        dead: boolean | null;
      }[]
    >`
      select k.hint, k.updated_at, k.grant_id, g.expires_at, g.refreshed_at, g.last_error, g.dead
      from credentials k
      left join access_grants g on g.id = k.grant_id and g.workspace_id = k.workspace_id
      where k.workspace_id = ${who.workspaceId} and k.community_id = ${id}`;
    const { status, status_reason, checked_at, capabilities, warnings } = community;
    let credential: Rights['credential'] = null;
    if (row) {
      const place = { workspaceId: who.workspaceId, communityId: id };
      const opened = await openCredentials(ctx, tx, place).catch((error: unknown) => {
        if (error instanceof AppError) return null;
        throw error;
      });
      const given = Object.entries(opened ?? {}).filter(([, value]) => value !== undefined);
      const ends = opened === null ? null : (networkNamed(community.network).expiresAt?.(opened) ?? null);
      credential = {
        hint: row.hint,
        kinds: given.map(([name]) => name),
        given_at: row.updated_at.toISOString(),
        expires_at: (row.expires_at ?? (ends === null ? null : new Date(ends)))?.toISOString() ?? null,
        renews: row.grant_id !== null && row.dead === false,
        refreshed_at: row.refreshed_at?.toISOString() ?? null,
        last_error: row.last_error,
      };
    }
    return {
      community_id: id,
      status,
      status_reason,
      checked_at,
      rights: capabilityNames.map((name) => ({ name, title: capabilityTitles[name], ...capabilities[name] })),
      credential,
      warnings,
    };
  });
}
