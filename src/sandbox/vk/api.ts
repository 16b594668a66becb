import type { CallRecord, Core, Reply } from '../core.ts';
import { createWindow, note } from '../core.ts';
import type { ParsedBody } from '../request.ts';
import type { VkToken } from '../state.ts';
import type { VkActs } from './acts.ts';
import { createVkActs } from './acts.ts';
import type { VkCall } from './call.ts';
import { json, VkRefusal, vkRefusalReply } from './call.ts';
import { wallCreateComment, wallDeleteComment, wallGetComments, wallSetComments } from './comments.ts';
import { createEvents } from './events.ts';
import { groupsGet, groupsGetById, groupsGetMembers, groupsGetTokenPermissions } from './groups.ts';
import type { OAuth } from './oauth.ts';
import { createOAuth } from './oauth.ts';
import { pollsCreate, pollsGetById } from './polls.ts';
import { photosGetById, usersGet, utilsResolveScreenName, wallGet, wallGetById } from './reads.ts';
import { checkVkCall, isVkMethod, schemaAllows } from './schema.ts';
import { statsGet, statsGetPostReach } from './stats.ts';
import * as subscriptions from './subscriptions.ts';
import { createUploads } from './uploads.ts';
import { resumePostponed, wallDelete, wallEdit, wallPin, wallPost, wallRepost, wallRestore } from './wall.ts';

const PER_SECOND: Record<VkToken['kind'], number> = { community: 20, user: 3, vkid_user: 3, service: 3 };
const WALL_GET_PER_DAY = 5000;
/** Works with a community token although the schema names users only. */
const COMMUNITY_TOO = new Set(['wall.post']);
/** Refused to tokens of VK ID, as their owners see. */
const NOT_FOR_VKID = new Set([
  'wall.post',
  'wall.edit',
  'wall.delete',
  'wall.pin',
  'wall.unpin',
  'wall.restore',
  'wall.repost',
  'wall.createComment',
  'wall.deleteComment',
  'wall.openComments',
  'wall.closeComments',
  'photos.getWallUploadServer',
  'photos.saveWallPhoto',
  'video.save',
  'polls.create',
]);

export interface VkApi {
  answer(method: string, body: ParsedBody, authorization: string, record: CallRecord): Promise<Reply>;
  /** The label of the token that a call carries; empty if it is unknown. */
  labelOf(body: ParsedBody, authorization: string): string;
  upload(kind: string, hash: string, body: ParsedBody): Promise<Reply>;
  /** The address that a long poll of a community asks, `wh<group id>`. */
  longPoll(name: string, body: ParsedBody): Promise<Reply>;
  login: OAuth['answer'];
  acts: VkActs;
  reset(): void;
}

/** The stand-in for the VK API 5.199: https://dev.vk.com/en/method. */
export function createVkApi(core: Core): VkApi {
  const uploads = createUploads(core);
  const events = createEvents(core);
  const oauth = createOAuth(core);
  resumePostponed({ core, events });
  const seconds = new Map<string, ReturnType<typeof createWindow>>();
  const days = new Map<string, ReturnType<typeof createWindow>>();

  const handlers: Record<string, (call: VkCall) => unknown> = {
    'wall.post': wallPost,
    'wall.get': wallGet,
    'wall.getById': wallGetById,
    'wall.edit': wallEdit,
    'wall.delete': wallDelete,
    'wall.pin': (call) => wallPin(call, true),
    'wall.unpin': (call) => wallPin(call, false),
    'wall.restore': wallRestore,
    'wall.repost': wallRepost,
    'wall.createComment': wallCreateComment,
    'wall.getComments': wallGetComments,
    'wall.deleteComment': wallDeleteComment,
    'wall.openComments': (call) => wallSetComments(call, true),
    'wall.closeComments': (call) => wallSetComments(call, false),
    'photos.getById': photosGetById,
    'photos.getWallUploadServer': uploads.photoServer,
    'photos.saveWallPhoto': uploads.savePhoto,
    'docs.getWallUploadServer': uploads.docServer,
    'docs.getUploadServer': uploads.docServer,
    'docs.save': uploads.saveDoc,
    'video.save': uploads.saveVideo,
    'video.get': uploads.getVideos,
    'polls.create': pollsCreate,
    'polls.getById': pollsGetById,
    'groups.get': groupsGet,
    'groups.getById': groupsGetById,
    'groups.getTokenPermissions': groupsGetTokenPermissions,
    'groups.getMembers': groupsGetMembers,
    'groups.getCallbackConfirmationCode': subscriptions.confirmationCode,
    'groups.addCallbackServer': subscriptions.addServer,
    'groups.editCallbackServer': subscriptions.editServer,
    'groups.deleteCallbackServer': subscriptions.deleteServer,
    'groups.getCallbackServers': subscriptions.listServers,
    'groups.setCallbackSettings': subscriptions.setCallbackSettings,
    'groups.getCallbackSettings': subscriptions.getCallbackSettings,
    'groups.setLongPollSettings': subscriptions.setLongPollSettings,
    'groups.getLongPollSettings': subscriptions.getLongPollSettings,
    'groups.getLongPollServer': subscriptions.longPollServer,
    'users.get': usersGet,
    'utils.resolveScreenName': utilsResolveScreenName,
    'utils.getServerTime': () => Math.floor(Date.now() / 1000),
    'stats.get': statsGet,
    'stats.getPostReach': statsGetPostReach,
    'account.getAppPermissions': (call) => call.token.scopes,
  };

  function tokenOf(given: string): VkToken {
    if (!given) throw new VkRefusal(5, 'no access_token passed');
    const token = core.state.vkTokens.get(given);
    if (!token) throw new VkRefusal(5, 'invalid access_token (4)');
    if (token.revoked) throw new VkRefusal(5, 'access_token was revoked');
    if (token.expires_at > 0 && token.expires_at <= Date.now()) {
      if (core.settings.vkExpired === 'error_1117') throw new VkRefusal(1117);
      throw new VkRefusal(5, 'access_token has expired', { error_subcode: 1117 });
    }
    return token;
  }

  function checkKind(method: string, token: VkToken): void {
    if (token.kind === 'vkid_user' && !token.extended && NOT_FOR_VKID.has(method)) throw new VkRefusal(1051);
    if (schemaAllows(method, token.kind)) return;
    if (token.kind === 'community') {
      if (!COMMUNITY_TOO.has(method)) throw new VkRefusal(27, 'method is unavailable with group auth');
    } else if (token.kind === 'service') throw new VkRefusal(28, 'method is unavailable with service token');
    else throw new VkRefusal(15, 'method is available with a community token only');
  }

  function checkPace(method: string, token: VkToken): void {
    if (!core.settings.floodLimits) return;
    const second = windowOf(seconds, token.token, PER_SECOND[token.kind], 1000);
    const now = performance.now();
    if (second.wait(now) > 0) throw new VkRefusal(6);
    second.take(now);
    if (method !== 'wall.get') return;
    const day = windowOf(days, token.token, WALL_GET_PER_DAY, 86_400_000);
    if (day.wait(now) > 0) throw new VkRefusal(29);
    day.take(now);
  }

  function violation(record: CallRecord, what: string): void {
    note(core, record, 'schema_violation', what);
  }

  async function response(
    method: string,
    params: Record<string, string>,
    given: string,
    record: CallRecord,
  ): Promise<unknown> {
    if (!isVkMethod(method)) {
      violation(record, `unknown method ${method}`);
      throw new VkRefusal(3, 'method not found');
    }
    if (!params.v) {
      violation(record, 'v is missing');
      throw new VkRefusal(8, 'v is required');
    }
    const token = tokenOf(given);
    record.token_id = token.label;
    checkPace(method, token);
    if (method === 'execute') throw new VkRefusal(12, 'execute is not supported by the sandbox');
    const wrong = checkVkCall(method, params);
    if (wrong) {
      violation(record, wrong);
      throw new VkRefusal(100, wrong);
    }
    checkKind(method, token);
    const handler = handlers[method];
    if (!handler) throw new VkRefusal(23, `not supported by the sandbox: ${method}`);
    return handler({ core, events, token, params, record });
  }

  return {
    async answer(method, body, authorization, record) {
      const params: Record<string, string> = {};
      for (const name in body.params) params[name] = String(body.params[name]);
      const given = givenToken(params, authorization);
      record.place = params.owner_id ?? '';
      try {
        return json({ response: await response(method, params, given, record) }, '200');
      } catch (error) {
        if (error instanceof VkRefusal) return vkRefusalReply(error, method, params);
        throw error;
      }
    },
    labelOf: (body, authorization) =>
      core.state.vkTokens.get(givenToken(body.params, authorization))?.label ?? '',
    async upload(kind, hash, body) {
      return json(await uploads.receive(kind, hash, body.files), '200');
    },
    async longPoll(name, body) {
      const answer = await events.longPoll.answer(Number(name.replace(/^wh/, '')), body.params);
      return json(answer, answer.failed === undefined ? '200' : `failed ${answer.failed}`);
    },
    login: oauth.answer,
    acts: createVkActs(core, events, uploads),
    reset() {
      uploads.reset();
      events.reset();
      oauth.reset();
      seconds.clear();
      days.clear();
    },
  };
}

function givenToken(params: Record<string, unknown>, authorization: string): string {
  return String(params.access_token ?? '') || (/^Bearer\s+(\S+)$/i.exec(authorization)?.[1] ?? '');
}

function windowOf(
  windows: Map<string, ReturnType<typeof createWindow>>,
  key: string,
  most: number,
  ms: number,
): ReturnType<typeof createWindow> {
  let found = windows.get(key);
  if (!found) {
    found = createWindow(most, ms);
    windows.set(key, found);
  }
  return found;
}
