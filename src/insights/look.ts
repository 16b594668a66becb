import { asOwner, type Context } from '../context.ts';
import { dayOf } from '../timezone.ts';
import { type Finding, findInCommunity, findInDelivery } from './find.ts';

interface Workspace {
  id: string;
  timezone: string;
}

/** One run of the job may take so long, in milliseconds; the next one goes on. */
const runMost = 50 * 60_000;
/** A day is looked back at when its night is over: figures and deliveries have settled. */
const dawn = 6 * 3_600_000;
const dayMost = 5;
const page = 500;
const day = 86_400_000;

/**
 * The job `insights.find`: looks at each workspace once a day, after six in the morning on its own clock, and tells what
 * changed. One that cannot be looked at now is looked at in the next hour. Answers how many it looked at.
 */
export async function lookWhereDue(ctx: Context, stopped: () => boolean = () => false): Promise<number> {
  const end = performance.now() + runMost;
  let looked = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const workspaces = await ctx.sql<(Workspace & { looked: string | null })[]>`
      select id, timezone, insights_day::text as looked from workspaces
      where id > ${after}::uuid order by id limit ${page}`;
    for (const { looked: last, ...workspace } of workspaces) {
      if (stopped() || performance.now() > end) return looked;
      const now = new Date();
      const today = dayOf(new Date(now.getTime() - dawn), workspace.timezone).date;
      if (last !== null && last >= today) continue;
      try {
        await look(ctx, workspace, { now, today });
        looked += 1;
      } catch (error) {
        ctx.log.error({ err: error, workspace: workspace.id }, 'a workspace could not be looked at');
      }
    }
    after = workspaces.at(-1)?.id ?? after;
    if (workspaces.length < page) return looked;
  }
}

async function look(
  ctx: Context,
  workspace: Workspace,
  { now, today }: { now: Date; today: string },
): Promise<void> {
  const communities = await ctx.sql<{ id: string; network: string; timezone: string }[]>`
    select id, network, timezone from communities
    where workspace_id = ${workspace.id} and status <> 'disconnected' order by id`;
  // First: when ClickHouse is away, this fails and the day is not over.
  const findings = await findInDelivery(ctx, workspace, now);
  for (const community of communities) {
    try {
      findings.push(...(await findInCommunity(ctx, workspace.id, community, now)));
    } catch (error) {
      // One that asks for too much must not keep the others from being told.
      ctx.log.error({ err: error, community: community.id }, 'a community could not be looked at');
    }
  }
  const told = await tell(ctx, workspace.id, today, findings);
  if (told > 0) ctx.log.info({ workspace: workspace.id, insights: told }, 'told what changed');
}

/** Writes what is new, the weightiest five of it, and that the day was looked at: both or neither. */
async function tell(
  ctx: Context,
  workspaceId: string,
  today: string,
  findings: readonly Finding[],
): Promise<number> {
  return asOwner(ctx, async (tx) => {
    // The conditional update is the lock: another worker that looked meanwhile has told.
    const [moved] = await tx`
      update workspaces set insights_day = ${today}
      where id = ${workspaceId} and (insights_day is null or insights_day < ${today}) returning id`;
    if (!moved) return 0;
    const known = await tx<{ kind: string; subject: string; day: string }[]>`
      select kind, subject, max(day)::text as day from insights
      where workspace_id = ${workspaceId} and subject = any(${findings.map(({ subject }) => subject)})
      group by kind, subject`;
    const isNew = ({ kind, subject, silence }: Finding) => {
      const last = known.find((one) => one.kind === kind && one.subject === subject)?.day;
      return last === undefined || Date.parse(today) - Date.parse(last) >= silence * day;
    };
    const chosen = findings
      .filter(isNew)
      .sort((a, b) => b.weight - a.weight || (a.subject < b.subject ? -1 : 1))
      .slice(0, dayMost);
    for (const { kind, communityId, subject, evidence, weight } of chosen) {
      await tx`
        insert into insights (id, workspace_id, community_id, day, kind, subject, evidence, weight)
        select ${Bun.randomUUIDv7()}, ${workspaceId}, ${communityId}, ${today}, ${kind}, ${subject}, ${tx.json(evidence)}, ${weight}
        -- A community may be gone by now.
        where ${communityId}::uuid is null or exists (
          select from communities where workspace_id = ${workspaceId} and id = ${communityId})`;
    }
    return chosen.length;
  });
}
