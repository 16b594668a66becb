import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { randomToken, sha256 } from '../crypto.ts';
import { invalid } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networks } from '../networks/index.ts';
import type { Network, SignIn, SignInRequest } from '../networks/network.ts';
import { isMember } from '../workspaces/workspace.ts';
import { rootsOf, wordsOf } from './ask.ts';
import { type ConnectionView, getConnection, openKept, refuseMany, sealKept } from './connection.ts';
import { makeGrant, partsOf } from './credential.ts';

/** What the person reads in the browser at the end. */
export interface SignInResult {
  done: boolean;
  title: string;
  text: string;
}

/**
 * Begins a sign-in at the network: answers the address where the person goes. It comes back to
 * `PUBLIC_URL/v1/oauth/<network>/callback` in the browser in which the same person is signed in to Outpost.
 * Throws `invalid`, also where the operator has not set our application up.
 */
export async function beginSignIn(
  ctx: Context,
  who: Who,
  network: Network,
  input: { kind: string; places: readonly string[] },
): Promise<ConnectionView> {
  const { kind, places } = input;
  const signIn = network.signIn;
  const about = signIn && Object.hasOwn(signIn.kinds, kind) ? signIn.kinds[kind] : undefined;
  if (!signIn || !about) {
    const kinds = Object.keys(signIn?.kinds ?? {});
    const message =
      kinds.length > 0
        ? `must be one of: ${kinds.join(', ')}`
        : `There is no signing in to ${network.title}: give credentials.`;
    throw invalid({ path: '/kind', message });
  }
  const client = clientOf(ctx, network, about.secret);
  if (about.places && places.length === 0) {
    throw invalid({ path: '/group_ids', message: 'Say for which communities.' });
  }
  if (!about.places && places.length > 0) {
    throw invalid({ path: '/group_ids', message: 'This kind of sign-in takes no communities.' });
  }
  const request: SignInRequest = {
    client,
    redirectUri: redirectUriOf(ctx, network),
    state: randomToken(),
    verifier: randomToken(),
    places,
  };
  const url = signIn.begin(kind, rootsOf(ctx, network), request);
  const place = { id: Bun.randomUUIDv7(), workspaceId: who.workspaceId };
  await asWorkspace(ctx, who, async (tx) => {
    await refuseMany(tx, who);
    const kept = { all: {}, places: {}, verifier: request.verifier };
    const sealed = await sealKept(ctx, tx, place, kept);
    await tx`
      insert into connections (id, workspace_id, user_id, network, kind, code_hash, sealed, version, places, expires_at)
      values (${place.id}, ${who.workspaceId}, ${who.userId}, ${network.name}, ${kind}, ${sha256(request.state)},
        ${sealed.bytes}, ${sealed.version}, ${tx.array([...places])}::text[],
        now() + ${ctx.config.durations.signIn} * interval '1 millisecond')`;
  });
  return { ...(await getConnection(ctx, who, place.id)), authorize_url: url };
}

/**
 * The browser came back from the network. `state` binds it to one begun sign-in of the same person, once: a state that is
 * unknown, used, too old or of somebody else changes nothing. `userId` is the person who is signed in there.
 */
export async function finishSignIn(
  ctx: Context,
  input: { network: string; userId: string | null; answer: Readonly<Record<string, string>> },
): Promise<SignInResult> {
  const { userId, answer } = input;
  const network = Object.hasOwn(networks, input.network) ? networks[input.network] : undefined;
  const signIn = network?.signIn;
  if (!network || !signIn) return refused('There is no such network', 'Nothing was changed.');
  if (userId === null) {
    return refused(
      'Sign in to Outpost first',
      'Open the link in the browser in which you are signed in to Outpost. Nothing was changed.',
    );
  }
  const begun = await begunOf(ctx, network, userId, answer.state ?? '');
  if (!begun) {
    return refused(
      'This link does not hold',
      'It was used already, is too old, or was made by somebody else. Begin again in Outpost.',
    );
  }
  const place = { id: begun.id, workspaceId: begun.workspace_id };
  try {
    const { verifier } = await openKept(ctx, ctx.sql, begun.workspace_id, begun);
    await takeIn(ctx, network, signIn, { ...begun, place, verifier: verifier ?? '' }, answer);
  } catch (error) {
    const words =
      error instanceof NetworkError
        ? wordsOf(error)
        : 'Outpost could not finish this. Begin again in a while.';
    // Without its cause: what the network answered may hold tokens.
    if (!(error instanceof NetworkError)) ctx.log.error({ err: error }, 'sign-in failed');
    await ctx.sql`update connections set sealed = null, problem = ${words} where id = ${begun.id}`;
    return refused(`${network.title} did not give access`, words);
  }
  return {
    done: true,
    title: `${network.title} is connected`,
    text: 'Go back to Outpost and choose the community. You may close this page.',
  };
}

interface Begun {
  id: string;
  workspace_id: string;
  kind: string;
  places: string[];
  sealed: Uint8Array | null;
  version: number;
}

/** Uses up the state, before anything else is done with it. */
async function begunOf(ctx: Context, network: Network, userId: string, state: string): Promise<Begun | null> {
  const [row] = await ctx.sql<Begun[]>`
    update connections set code_hash = null
    where code_hash = ${sha256(state)} and network = ${network.name} and user_id = ${userId}
      and kind = any(${ctx.sql.array(Object.keys(network.signIn?.kinds ?? {}))}::text[])
      and sealed is not null and expires_at > now()
    returning id, workspace_id, kind, places, sealed, version`;
  return row && (await isMember(ctx, row.workspace_id, userId)) ? row : null;
}

async function takeIn(
  ctx: Context,
  network: Network,
  signIn: SignIn<unknown>,
  begun: Begun & { place: { id: string; workspaceId: string }; verifier: string },
  answer: Readonly<Record<string, string>>,
): Promise<void> {
  const { place } = begun;
  const { ask: timeout, connect } = ctx.config.durations;
  const signedIn = await signIn.finish(
    begun.kind,
    { roots: rootsOf(ctx, network), timeout, connect, signal: AbortSignal.timeout(timeout) },
    {
      client: clientOf(ctx, network, false),
      redirectUri: redirectUriOf(ctx, network),
      state: answer.state ?? '',
      verifier: begun.verifier,
      places: begun.places,
    },
    answer,
  );
  const { lasting, rotating } = partsOf(network, signedIn.credentials);
  const places = signedIn.places as Record<string, Record<string, unknown>>;
  await asOwner(ctx, async (tx) => {
    const { workspaceId } = place;
    const grantId = rotating ? await makeGrant(ctx, tx, { workspaceId, network, part: rotating }) : null;
    const sealed = await sealKept(ctx, tx, place, { all: lasting, places, verifier: null });
    const kept = await tx`
      update connections
      set sealed = ${sealed.bytes}, version = ${sealed.version}, grant_id = ${grantId}, proved_at = now(),
          person_id = ${signedIn.person?.id ?? null}, person_name = ${signedIn.person?.name ?? null},
          expires_at = now() + ${ctx.config.durations.connectionUse} * interval '1 millisecond'
      where id = ${place.id} returning id`;
    // Deleted meanwhile: what was got for it is let go.
    if (kept.length === 0) {
      await tx`delete from access_grants where id = ${grantId}`;
      return;
    }
    for (const externalId of Object.keys(places)) {
      await tx`
        insert into connection_places (connection_id, workspace_id, external_id, is_admin)
        values (${place.id}, ${workspaceId}, ${externalId}, true)`;
    }
    if (Object.keys(places).length > 0) {
      await ctx.queue.enqueue(tx, 'communities.places', [{ payload: { connection_id: place.id } }]);
    }
  });
}

/** Our application at the network. Throws `invalid` that names what the operator has to set. */
function clientOf(ctx: Context, network: Network, needsSecret: boolean): SignInRequest['client'] {
  const { id = null, secret = null } = ctx.config.clients[network.name] ?? {};
  const name = network.name.toUpperCase();
  const missing = [
    ...(id === null ? [`${name}_CLIENT_ID`] : []),
    ...(needsSecret && secret === null ? [`${name}_CLIENT_SECRET`] : []),
  ];
  if (id !== null && missing.length === 0) return { id, secret };
  throw invalid({
    path: '/kind',
    message: `Signing in to ${network.title} is not set up here: the operator of this installation sets ${missing.join(' and ')}, with the redirect address ${redirectUriOf(ctx, network)}. Giving the tokens to POST /v1/communities works without it.`,
  });
}

function redirectUriOf(ctx: Context, network: Network): string {
  return `${ctx.config.publicUrl}/v1/oauth/${network.name}/callback`;
}

function refused(title: string, text: string): SignInResult {
  return { done: false, title, text };
}
