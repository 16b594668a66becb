import { asWorkspace, type Context } from '../context.ts';
import { lock, plain, plainList } from './take-up.ts';
import { type Finding, warningsOf } from './warning.ts';

/**
 * Notes that a credential which can be done without has died: it is used no more, and a warning says so, until another
 * is given or a check finds that it lives. The community stays as it is. Does nothing where the connection was looked at
 * since `community` was read.
 */
export async function loseCredential(
  ctx: Pick<Context, 'sql'>,
  community: { id: string; workspace_id: string; details: Readonly<Record<string, unknown>> },
  field: string,
  message: string,
): Promise<void> {
  const who = { workspaceId: community.workspace_id };
  const finding: Finding = { code: 'credential_unusable', about: field, message };
  await asWorkspace(ctx, who, async (tx) => {
    const kept = await lock(tx, who, community.id);
    const others = kept.warnings.filter(({ code, about }) => code !== finding.code || about !== field);
    const warnings = warningsOf(kept.warnings, [...others, finding]);
    await tx`
      update communities
      set warnings = ${tx.json(plainList(warnings))},
          details = details || jsonb_build_object('unusable',
            coalesce(details -> 'unusable', '[]'::jsonb) || to_jsonb(array[${field}::text]))
      where workspace_id = ${who.workspaceId} and id = ${community.id}
        and details = ${tx.json(plain(community.details))}::jsonb`;
  });
}
