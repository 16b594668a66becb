import type { Context } from '../context.ts';
import { type InputFault, invalid } from '../errors.ts';
import { isOutside } from '../media/address.ts';
import { mediaFaults, mediaItems } from '../media/media.ts';
import { networkNamed, networks, optionFaults } from '../networks/index.ts';
import type { Composition, Json, MediaItem, Remark } from '../networks/message.ts';
import type { Capabilities, Place } from '../networks/network.ts';
import { mediaUses, type Piece, type PostContent, piecesOf } from '../publishing/message.ts';
import type { Tx } from '../stores/postgres.ts';

export interface TargetCommunity {
  id: string;
  network: string;
  title: string;
  timezone: string;
  status: string;
  external_id: string;
  capabilities: Capabilities;
  details: Record<string, Json>;
  settings: Record<string, Json>;
}

/** The communities that a post names, in its order. Throws `invalid` for one that is not there. */
export async function targetsOf(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<TargetCommunity[]> {
  if (ids.length === 0) return [];
  const rows = await tx<TargetCommunity[]>`
    select id, network, title, timezone, status, external_id, capabilities, details, settings from communities
    where workspace_id = ${workspaceId} and id = any(${ids as string[]}::uuid[])`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const faults: InputFault[] = [];
  const targets = ids.flatMap((id, index) => {
    const target = byId.get(id);
    if (!target) faults.push({ path: `/community_ids/${index}`, message: 'There is no such community.' });
    return target ? [target] : [];
  });
  if (faults.length > 0) throw invalid(faults);
  return targets;
}

/** Every file that a post names, by id. Throws `invalid`, with its place in the body, for one that is not there. */
export async function filesOf(
  ctx: Context,
  tx: Tx,
  workspaceId: string,
  content: PostContent,
): Promise<Map<string, MediaItem>> {
  const uses = mediaUses(content);
  const ids = [...new Set(uses.flatMap((use) => use.ids))];
  if (ids.length === 0) return new Map();
  // Holds them: a file that is removed meanwhile would break the post that names it.
  const missing = await mediaFaults(tx, workspaceId, ids);
  if (missing.length > 0) {
    const gone = new Map(missing.map(({ path, message }) => [ids[Number(path.split('/').at(-1))], message]));
    throw invalid(
      uses.flatMap((use) =>
        use.ids.flatMap((id, index) => {
          const message = gone.get(id);
          return message === undefined ? [] : [{ path: `${use.used_in}/media_ids/${index}`, message }];
        }),
      ),
    );
  }
  const items = await mediaItems(ctx, tx, workspaceId, ids);
  return new Map(items.map((item) => [item.id, item]));
}

/**
 * Judges what is asked of each network by its own schema. Throws `invalid` at `/overrides/<name>/options/…`.
 * A community that the post does not go to may keep its override.
 */
export function refuseOptions(content: PostContent, targets: readonly TargetCommunity[]): void {
  const faults = Object.entries(content.overrides).flatMap(([name, { options }]): InputFault[] => {
    const network = Object.hasOwn(networks, name) ? name : targets.find(({ id }) => id === name)?.network;
    if (options === undefined || network === undefined) return [];
    const wrong = optionFaults(networkNamed(network), options);
    return wrong.map((fault) => ({ ...fault, path: `/overrides/${name}/options${fault.path}` }));
  });
  if (faults.length > 0) throw invalid(faults);
}

export function placeOf(
  target: Pick<TargetCommunity, 'external_id' | 'capabilities' | 'details' | 'settings'>,
): Place {
  const { external_id, capabilities, details, settings } = target;
  return { externalId: external_id, capabilities, details, settings };
}

/** One message of a post at one community, as it would be sent; paths lead into the post's body. */
export interface Composed extends Composition {
  piece: Piece;
}

/** The exact requests for each community, by the same code that publishes. */
export function composeFor(
  ctx: Context,
  content: PostContent,
  files: ReadonlyMap<string, MediaItem>,
  targets: readonly TargetCommunity[],
): { target: TargetCommunity; messages: Composed[]; problems: Remark[]; warnings: Remark[] }[] {
  return targets.map((target) => {
    const network = networkNamed(target.network);
    const lead = (remark: Remark, part: number): Remark => ({
      ...remark,
      path: pathIn(content, target, part, remark.path),
    });
    const messages = piecesOf(content, { network, communityId: target.id }, files).map((piece) => {
      const composition = network.compose(piece.message, placeOf(target));
      return {
        piece,
        ...composition,
        problems: composition.problems.map((remark) => lead(remark, piece.part)),
        warnings: composition.warnings.map((remark) => lead(remark, piece.part)),
      };
    });
    const problems = messages.flatMap((message) => message.problems);
    // The network fetches such a file itself: a reason that is known now must not wait for the due time.
    if (
      messages.some(({ request }) => JSON.stringify(request).includes('"$media_url"')) &&
      !isOutside(ctx.config.publicUrl)
    ) {
      problems.push({
        path: pathIn(content, target, 0, '/options/long_caption'),
        code: 'no_public_address',
        message:
          'The network cannot fetch the picture from here: set PUBLIC_URL to a public https address, or choose another long_caption.',
      });
    }
    if (target.status !== 'active') {
      problems.push({
        path: '/community_ids',
        code: 'not_connected',
        message: 'It is not connected: connect it again or leave it out.',
      });
    }
    const warnings = messages.flatMap((message) => message.warnings);
    const { comments } = target.capabilities;
    if (content.first_comment !== null && !comments.available) {
      warnings.push({
        path: '/first_comment',
        code: 'no_comments',
        message: `The first comment is left out here. ${comments.detail}`,
      });
    }
    return { target, messages, problems, warnings };
  });
}

/** Where in the body the thing stands that a network speaks of: in the override that gave it, else in the post itself. */
export function pathIn(content: PostContent, target: TargetCommunity, part: number, path: string): string {
  const [, field = ''] = path.split('/');
  const names = [target.id, target.network];
  if (part > 0) {
    const owner = names.find((name) => content.overrides[name]?.parts !== undefined);
    return `${owner === undefined ? '' : `/overrides/${owner}`}/parts/${part - 1}${path}`;
  }
  const key = field === 'entities' ? 'text' : field;
  const owner = names.find((name) => {
    const override = content.overrides[name];
    return override !== undefined && key in override;
  });
  return owner === undefined ? path : `/overrides/${owner}${path}`;
}

/** Every problem of every community as one `invalid`; nothing when all fit. */
export function refuseProblems(
  composed: readonly { target: TargetCommunity; problems: readonly Remark[] }[],
): void {
  const faults = composed.flatMap(({ target, problems }) =>
    problems.map((problem) => ({ path: problem.path, message: `${target.title}: ${problem.message}` })),
  );
  if (faults.length > 0) throw invalid(faults);
}
