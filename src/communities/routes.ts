import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { imageAnswer, SignedQuery } from '../media/address.ts';
import { capabilitiesOf, networks } from '../networks/index.ts';
import { listOf } from '../page.ts';
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
import { changeCommunity, checkCommunity, connectCommunity } from './connect.ts';

const Length = v.strictObject({ most: v.number(), unit: v.picklist(['utf16_code_units']) });

const NetworkSchema = v.pipe(
  v.strictObject({
    name: v.string(),
    title: v.string(),
    limits: v.strictObject({
      text: Length,
      caption: v.pipe(Length, v.description('The text beside images.')),
      images: v.strictObject({ most: v.number(), bytes: v.number(), mimes: v.array(v.string()) }),
    }),
    capabilities: v.pipe(
      v.array(v.picklist(['text', 'images', 'find'])),
      v.description('What it can do at best; what a connection can do stands in its own `capabilities`.'),
    ),
    connect: v.strictObject({
      credentials: v.pipe(v.record(v.string(), v.unknown()), v.description('JSON Schema of `credentials`.')),
      external_id: v.pipe(v.string(), v.description('What to give as `external_id`, in plain words.')),
    }),
  }),
  v.metadata({ ref: 'Network' }),
);

const shownNetworks = Object.values(networks).map((network) => ({
  name: network.name,
  title: network.title,
  limits: {
    ...network.limits,
    images: { ...network.limits.images, mimes: [...network.limits.images.mimes] },
  },
  capabilities: capabilitiesOf(network),
  connect: {
    // Checks across fields have no word in JSON Schema; they are told when connecting.
    credentials: { ...toJsonSchema(network.credentials, { typeMode: 'input', errorMode: 'ignore' }) },
    external_id: network.externalIdHelp,
  },
}));

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
      summary: 'Networks, their limits and what connecting takes',
      scope: 'communities:read',
      answers: { 200: v.strictObject({ data: v.array(NetworkSchema) }) },
    }),
    (c) => c.json({ data: shownNetworks }, 200),
  )
  .post(
    '/v1/communities',
    operation({
      id: 'connectCommunity',
      tag: 'Communities',
      summary: 'Connect a community',
      description:
        'Asks the network whether the credentials may publish there and what they can do. A community that was disconnected, or whose credentials died, is taken up again with its history.',
      scope: 'communities:write',
      answers: { 201: CommunitySchema },
      refusals: ['already_connected', 'network_refused', 'too_many_requests', 'network_unreachable'],
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
      summary: 'Change title, time zone or credentials',
      description: 'New credentials are asked for first and must lead to the same place.',
      scope: 'communities:write',
      answers: { 200: CommunitySchema },
      refusals: ['network_refused', 'too_many_requests', 'network_unreachable'],
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
        'Brings title, members and capabilities up to date. Dead credentials are no error: the community then has the status needs_reauth.',
      scope: 'communities:write',
      answers: { 200: CommunitySchema },
      refusals: ['wrong_state', 'conflict', 'network_refused', 'too_many_requests', 'network_unreachable'],
    }),
    params(IdParams),
    async (c) => c.json(await checkCommunity(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
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
  .get(
    '/avatars/:id',
    operation({
      id: 'openAvatar',
      tag: 'Communities',
      summary: 'The picture of a community behind a signed address',
      scope: 'public',
      answers: { 200: { files: ['image/jpeg', 'image/png'] } },
      refusals: ['not_found', 'expired'],
    }),
    params(IdParams),
    query(SignedQuery),
    async (c) => {
      const { body, name, mime, left } = await openAvatar(
        c.var.ctx,
        c.req.valid('param').id,
        c.req.valid('query'),
      );
      return imageAnswer(body, name, mime, left);
    },
  );
