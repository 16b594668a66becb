import * as v from 'valibot';
import { identify } from '../auth/who.ts';
import { AppError } from '../errors.ts';
import { noticePage } from '../http/notice.ts';
import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { fileAnswer, SignedQuery } from '../media/address.ts';
import { listOf } from '../page.ts';
import { checkCommunity } from './check.ts';
import {
  CommunityChange,
  CommunityQuery,
  CommunitySchema,
  disconnectCommunity,
  getCommunity,
  listCommunities,
  NewCommunity,
  openAvatar,
  purgeCommunity,
} from './community.ts';
import { changeCommunity, connectCommunity } from './connect.ts';
import {
  ConnectionSchema,
  deleteConnection,
  getConnection,
  NewConnection,
  networkFor,
} from './connection.ts';
import { inviteBot } from './invitation.ts';
import { listTopics } from './listening.ts';
import { listNetworks, NetworkSchema } from './network-view.ts';
import { getRights, RightsSchema } from './rights.ts';
import { beginSignIn, finishSignIn } from './sign-in.ts';

const NetworkParams = v.strictObject({ network: v.string() });
/** Networks add what they like; a field that is repeated is none of theirs. */
const CallbackQuery = v.objectWithRest(
  { code: v.optional(v.string()), state: v.optional(v.string()) },
  v.string(),
);
const TopicSchema = v.strictObject({
  topic_id: v.string(),
  name: v.pipe(v.nullable(v.string()), v.description('null: only its number was seen.')),
  seen_at: v.pipe(v.string(), v.isoTimestamp()),
});

const DisconnectQuery = v.strictObject({
  purge: v.optional(
    v.pipe(
      v.picklist(['true', 'false'], 'purge is true or false.'),
      v.description('true: erases the community with its publications and their history.'),
      v.transform((word) => word === 'true'),
    ),
    'false',
  ),
});

export const communityRoutes = routes()
  .get(
    '/v1/networks',
    operation({
      id: 'listNetworks',
      tag: 'Communities',
      summary: 'Networks, their limits, options and settings, and the ways of connecting',
      scope: 'communities:read',
      answers: { 200: v.strictObject({ data: v.array(NetworkSchema) }) },
    }),
    (c) => c.json({ data: listNetworks() }, 200),
  )
  .post(
    '/v1/communities',
    operation({
      id: 'connectCommunity',
      tag: 'Communities',
      summary: 'Connect a community',
      description:
        'Asks the network whether the credentials may publish there and what they can do. With `connection_id` they are those of a proved connection, and only places that its person administers are taken. A community that was disconnected, or whose credentials died, is taken up again with its history.',
      scope: 'communities:write',
      answers: { 201: CommunitySchema },
      refusals: [
        'wrong_state',
        'expired',
        'already_connected',
        'network_refused',
        'too_many_requests',
        'network_unreachable',
      ],
    }),
    jsonBody(NewCommunity),
    async (c) => c.json(await connectCommunity(c.var.ctx, c.var.who, c.req.valid('json')), 201),
  )
  .get(
    '/v1/communities',
    operation({
      id: 'listCommunities',
      tag: 'Communities',
      summary: 'Communities of the workspace, newest first',
      scope: 'communities:read',
      answers: { 200: listOf(CommunitySchema) },
    }),
    query(CommunityQuery),
    async (c) => c.json(await listCommunities(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/communities/:id',
    operation({
      id: 'getCommunity',
      tag: 'Communities',
      summary: 'One community',
      scope: 'communities:read',
      answers: { 200: CommunitySchema },
    }),
    params(IdParams),
    async (c) => c.json(await getCommunity(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .patch(
    '/v1/communities/:id',
    operation({
      id: 'changeCommunity',
      tag: 'Communities',
      summary: 'Change title, time zone, settings, credentials, or how often figures are read',
      description:
        'New credentials are asked for first and must lead to the same place; those of a `connection_id` come beside the kept ones, and so does what can be done without (of Telegram `witness_token` and `user_session`) when it is given alone; null takes it away. With other settings the network is asked again what can be done.',
      scope: 'communities:write',
      answers: { 200: CommunitySchema },
      refusals: [
        'wrong_state',
        'conflict',
        'expired',
        'network_refused',
        'too_many_requests',
        'network_unreachable',
      ],
    }),
    params(IdParams),
    jsonBody(CommunityChange),
    async (c) => {
      const input = { id: c.req.valid('param').id, ...c.req.valid('json') };
      return c.json(await changeCommunity(c.var.ctx, c.var.who, input), 200);
    },
  )
  .post(
    '/v1/communities/:id/check',
    operation({
      id: 'checkCommunity',
      tag: 'Communities',
      summary: 'Ask the network again',
      description:
        'Brings title, members, capabilities and warnings up to date. Dead credentials are no error: the community then has the status needs_reauth.',
      scope: 'communities:write',
      answers: { 200: CommunitySchema },
      refusals: ['wrong_state', 'conflict', 'network_refused', 'too_many_requests', 'network_unreachable'],
    }),
    params(IdParams),
    async (c) => c.json(await checkCommunity(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .get(
    '/v1/communities/:id/rights',
    operation({
      id: 'getCommunityRights',
      tag: 'Communities',
      summary: 'What the connection can do, and how its credentials are',
      description: 'As the last check found it; `POST …/check` asks the network again.',
      scope: 'communities:read',
      answers: { 200: RightsSchema },
    }),
    params(IdParams),
    async (c) => c.json(await getRights(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .get(
    '/v1/communities/:id/topics',
    operation({
      id: 'listCommunityTopics',
      tag: 'Communities',
      summary: 'Topics of a forum group',
      description: 'Those that were seen in updates: the network has no list of them.',
      scope: 'communities:read',
      answers: { 200: v.strictObject({ data: v.array(TopicSchema) }) },
    }),
    params(IdParams),
    async (c) => c.json({ data: await listTopics(c.var.ctx, c.var.who, c.req.valid('param').id) }, 200),
  )
  .delete(
    '/v1/communities/:id',
    operation({
      id: 'disconnectCommunity',
      tag: 'Communities',
      summary: 'Disconnect a community, or erase it',
      description:
        'Disconnecting holds what is planned, lets what is on its way finish and destroys the credentials; posts and figures stay.',
      scope: 'communities:write',
      answers: { 204: null },
      refusals: ['publication_in_flight'],
    }),
    params(IdParams),
    query(DisconnectQuery),
    async (c) => {
      const { id } = c.req.valid('param');
      const { purge } = c.req.valid('query');
      await (purge ? purgeCommunity : disconnectCommunity)(c.var.ctx, c.var.who, id);
      return c.body(null, 204);
    },
  )
  .post(
    '/v1/connections',
    operation({
      id: 'createConnection',
      tag: 'Communities',
      summary: 'Begin to connect by adding a bot or by signing in',
      description:
        'With `credentials` of a bot: answers links that add it to a channel or group, and one that proves who you are. With a `kind`: answers the address at which you sign in to the network, in the browser that is signed in to Outpost. Then connect each community with its `connection_id`.',
      scope: 'communities:write',
      answers: { 201: ConnectionSchema },
      refusals: ['network_refused', 'too_many_requests', 'network_unreachable'],
      secrets: ['code', 'links', 'authorize_url'],
    }),
    jsonBody(NewConnection),
    async (c) => {
      const { ctx, who } = c.var;
      const input = c.req.valid('json');
      const network = networkFor(input);
      if (input.credentials === undefined) {
        const request = { kind: input.kind ?? '', places: input.group_ids ?? [] };
        return c.json(await beginSignIn(ctx, who, network, request), 201);
      }
      return c.json(await inviteBot(ctx, who, network, input.credentials), 201);
    },
  )
  .get(
    '/v1/connections/:id',
    operation({
      id: 'getConnection',
      tag: 'Communities',
      summary: 'How a connection stands, and what it can connect',
      scope: 'communities:read',
      answers: { 200: ConnectionSchema },
    }),
    params(IdParams),
    async (c) => c.json(await getConnection(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .delete(
    '/v1/connections/:id',
    operation({
      id: 'deleteConnection',
      tag: 'Communities',
      summary: 'End a connection and destroy its tokens',
      description: 'Communities that were connected with it stay connected.',
      scope: 'communities:write',
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await deleteConnection(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .get(
    '/v1/oauth/:network/callback',
    operation({
      id: 'finishSignIn',
      tag: 'Communities',
      summary: 'Where a network sends the browser back to',
      description:
        'For browsers alone. The state binds it to the person who began, once; the tokens are fetched behind it and never shown.',
      scope: 'public',
      answers: { 200: { files: ['text/html'] }, 400: { files: ['text/html'] } },
    }),
    params(NetworkParams),
    query(CallbackQuery),
    async (c) => {
      const { ctx } = c.var;
      const who = await identify(ctx, c.req.raw.headers).catch((error: unknown) => {
        if (error instanceof AppError) return null;
        throw error;
      });
      const result = await finishSignIn(ctx, {
        network: c.req.valid('param').network,
        // A key is no browser: the session is what binds the two ends.
        userId: who?.kind === 'user' ? who.userId : null,
        answer: c.req.valid('query'),
      });
      return c.html(await noticePage(result), result.done ? 200 : 400);
    },
  )
  .get(
    '/avatars/:id',
    operation({
      id: 'openAvatar',
      tag: 'Communities',
      summary: 'The picture of a community behind a signed address',
      scope: 'public',
      answers: { 200: { files: ['image/jpeg', 'image/png'] }, 206: { files: ['image/jpeg', 'image/png'] } },
      refusals: ['not_found', 'expired', 'range_not_satisfiable'],
    }),
    params(IdParams),
    query(SignedQuery),
    async (c) => {
      const served = await openAvatar(c.var.ctx, c.req.valid('param').id, c.req.valid('query'));
      return fileAnswer(c.var.ctx, served, c.req.raw.headers);
    },
  );
