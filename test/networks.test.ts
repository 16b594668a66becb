import { describe, expect, test } from 'bun:test';
import * as v from 'valibot';
import { capabilitiesOf, networkNamed, networks } from '../src/networks/index.ts';
import type { MediaItem, Message } from '../src/networks/message.ts';
import { capabilityNames } from '../src/networks/network.ts';
import type { FaultAction } from '../src/sandbox/faults.ts';
import {
  accessOf,
  closedPort,
  connected,
  failureOf,
  lastSeq,
  messageOf,
  names,
  noViolation,
  pictures,
  rowsAfter,
  sandbox,
  secretText,
  staged,
  useWays,
  way,
  ways,
} from './ways.ts';

useWays();

describe.each([...names])('the contract of a network: %s', (name) => {
  test('posts text and images once, in order, as composed', async () => {
    const one = way(name);
    const place = await connected(one);
    for (const images of [0, 1, 2, 10].filter((count) => count <= one.most)) {
      const message = messageOf(images, `${secretText} & <b>${images}</b> *😀*`);
      const composed = one.network.compose(message, place);
      expect(composed.problems).toEqual([]);
      const handles = await staged(one, place, message);
      const seq = lastSeq();
      const sent = await one.network.publish(accessOf(one), place, message, handles, `key-${images}`);
      const rows = await rowsAfter(seq, composed.request.method);
      expect(sandbox.ledger(seq).filter((row) => row.event === 'request')).toHaveLength(1);
      const accepted = rows.filter((row) => row.event === 'accepted');
      expect(accepted).toHaveLength(1);
      expect(accepted[0]?.text).toBe(message.text);
      expect(accepted[0]?.media.map((item) => item.sha256)).toEqual(message.media.map((item) => item.sha256));
      expect(sent.remoteId).toBe(accepted[0]?.remote_id ?? '');
      expect(sent.remoteUrl && one.network.remoteIdOf(place, sent.remoteUrl)).toBe(sent.remoteId);
      if (one.network.name === 'vk') expect(accepted[0]?.guid).toBe(`key-${images}`);
    }
    noViolation();
  });

  test('posts an image without a text', async () => {
    const one = way(name);
    if (one.most === 0) return;
    const place = await connected(one);
    const message = messageOf(1, '');
    const sent = await one.network.publish(
      accessOf(one),
      place,
      message,
      await staged(one, place, message),
      'k',
    );
    expect(sent.remoteId).not.toBeNull();
    noViolation();
  });

  test('refuses what does not fit before anything is sent', async () => {
    const one = way(name);
    const place = await connected(one);
    const { text, caption } = one.network.limits;
    const codes = (message: Message) =>
      one.network.compose(message, place).problems.map((problem) => problem.code);
    expect(codes(messageOf(0, ' \n'))).toEqual(['empty']);
    expect(codes(messageOf(0, 'x'.repeat(text.most)))).toEqual([]);
    expect(codes(messageOf(0, 'x'.repeat(text.most + 1)))).toEqual(['too_long']);
    // An emoji is two units.
    expect(codes(messageOf(0, '😀'.repeat(Math.floor(text.most / 2) + 1)))).toEqual(['too_long']);
    expect(codes(messageOf(0, 'half \ud83d'))).toEqual(['broken_characters']);
    if (one.most === 0) expect(codes(messageOf(1))).toEqual(['images_unavailable']);
    else {
      expect(codes(messageOf(one.most + 1))).toEqual(['too_many_images']);
      expect(codes(messageOf(1, 'x'.repeat(caption.most)))).toEqual([]);
      expect(codes(messageOf(1, 'x'.repeat(caption.most + 1)))).toEqual(['too_long']);
      const [item] = pictures;
      if (!item) throw new Error('no picture');
      const alter = (changes: Partial<MediaItem>) =>
        codes({ ...messageOf(0, 'a'), media: [{ ...item, ...changes }] });
      expect(alter({ mime: 'image/tiff' })).toEqual(['wrong_type']);
      expect(alter({ size: one.network.limits.images.bytes + 1 })).toEqual(['too_big']);
      expect(alter({ width: 13_999, height: 1000 })).toEqual(['too_large_sides']);
      expect(alter({ width: 2100, height: 100 })).toEqual(['too_narrow']);
    }
    const seq = lastSeq();
    const refused = await failureOf(
      one.network.publish(accessOf(one), place, messageOf(0, ''), new Map(), 'k'),
    );
    expect(refused.kind).toBe('rejected');
    expect(sandbox.ledger(seq)).toEqual([]);
  });

  const faults: [FaultAction, number][] = [
    [{ kind: 'drop_before' }, 0],
    [{ kind: 'drop_after' }, 1],
    [{ kind: 'status_500' }, 0],
    [{ kind: 'status_500_after' }, 1],
    [{ kind: 'html_502' }, 0],
    [{ kind: 'html_502_after' }, 1],
    [{ kind: 'truncated_json' }, 1],
    [{ kind: 'empty_200' }, 1],
    [{ kind: 'html_200' }, 1],
    [{ kind: 'malformed_json' }, 1],
    [{ kind: 'wrong_shape' }, 1],
    [{ kind: 'redirect_302' }, 0],
    [{ kind: 'delay_after', ms: 400 }, 1],
    [{ kind: 'slow_answer', ms: 100 }, 1],
  ];
  test.each(faults)('calls the outcome unknown after %j and sends nothing more', async (action, posts) => {
    const one = way(name);
    const place = await connected(one);
    const message = messageOf(Math.min(one.most, 1));
    const { method } = one.network.compose(message, place).request;
    const handles = await staged(one, place, message);
    sandbox.fault({ network: one.network.name as 'vk', method, action });
    const seq = lastSeq();
    const timeout = 'ms' in action ? 200 : 5000;
    const failed = await failureOf(
      one.network.publish(accessOf(one, timeout), place, message, handles, 'k'),
      ...handles.values(),
    );
    expect(failed.kind).toBe('unknown');
    const rows = await rowsAfter(seq, method);
    expect(sandbox.ledger(seq).filter((row) => row.event === 'request')).toHaveLength(1);
    expect(rows.filter((row) => row.event === 'accepted')).toHaveLength(posts);
    noViolation();
  });

  test('calls it not sent when nobody listens or the name does not exist', async () => {
    const one = way(name);
    const place = await connected(one);
    for (const root of [`http://127.0.0.1:${await closedPort()}`, 'http://no-such-host.invalid']) {
      const access = { ...accessOf(one), root };
      const failed = await failureOf(
        one.network.publish(access, place, messageOf(0), new Map(), 'k'),
        'no-such-host',
      );
      expect(failed.kind).toBe('not_sent');
      expect(await one.network.probe(root, 500)).toBe(false);
    }
    expect(await one.network.probe(accessOf(one).root, 2000)).toBe(true);
  });

  test('says that the credential is dead when it was revoked', async () => {
    const one = way(name);
    const place = await connected(one);
    for (const token of Object.values(one.credentials)) sandbox.revoke(token);
    const failed = await failureOf(one.network.publish(accessOf(one), place, messageOf(0), new Map(), 'k'));
    expect(failed.kind).toBe('auth');
    expect(failed.nextStep).not.toBeNull();
    expect((await failureOf(connected(one))).kind).toBe('auth');
  });

  test('connects with a title, a hint of the credential and honest capabilities', async () => {
    const one = way(name);
    const place = await connected(one);
    expect(place.title).not.toBe('');
    expect(place.externalId).toMatch(/^-?\d+$/);
    for (const secret of Object.values(one.credentials)) {
      expect(place.credentialHint).toContain(secret.slice(-4));
      expect(JSON.stringify({ ...place, avatar: null })).not.toContain(secret.slice(-12));
    }
    expect(place.capabilities.images.available).toBe(one.most > 0);
    if (!place.capabilities.images.available) expect(place.capabilities.images.next_step).not.toBeNull();
    const { send, credential } = one.network.pace(accessOf(one).credentials, place);
    expect(send.map((rule) => rule.key)).toContain(credential.key);
    expect(new Set(send.map((rule) => rule.key)).size).toBe(send.length);
    for (const secret of Object.values(one.credentials)) {
      expect(JSON.stringify(send)).not.toContain(secret.slice(-6));
    }
    expect(
      await failureOf(one.network.connect(accessOf(one), 'not an address !', place.settings)),
    ).toMatchObject({
      kind: 'rejected',
    });
    noViolation();
  });

  test('stops a send whose image is gone before the first byte', async () => {
    const one = way(name);
    if (one.most === 0) return;
    const place = await connected(one);
    const gone = {
      ...messageOf(1),
      media: [{ ...messageOf(1).media[0], open: async () => new Blob([]) } as MediaItem],
    };
    const seq = lastSeq();
    const failed = await failureOf(
      one.network.stage && one.network.stages?.(place) !== false && gone.media[0]
        ? one.network.stage(accessOf(one), place, gone.media[0])
        : one.network.publish(accessOf(one), place, gone, new Map(), 'k'),
    );
    expect(failed).toMatchObject({ kind: 'rejected', code: 'media_missing' });
    expect(sandbox.ledger(seq).filter((row) => /^(send|upload|wall)/.test(row.method))).toEqual([]);
  });
});

test('lists the networks, and refuses unknown fields in credentials', () => {
  expect(Object.keys(networks)).toEqual(['telegram', 'vk']);
  expect(capabilitiesOf(networkNamed('telegram'))).toEqual([...capabilityNames]);
  expect(capabilitiesOf(networkNamed('vk'))).toEqual(capabilityNames.filter((name) => name !== 'audio'));
  expect(() => networkNamed('constructor')).toThrow('telegram, vk');
  for (const one of ways) {
    expect(v.is(one.network.credentials, one.credentials)).toBe(true);
    expect(v.is(one.network.credentials, { ...one.credentials, more: 'x' })).toBe(false);
    expect(v.is(one.network.credentials, {})).toBe(false);
  }
  expect(v.is(networkNamed('telegram').credentials, { bot_token: '1/../2' })).toBe(false);
});
