import { constants, createHash, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { unzipSync } from 'node:zlib';
import { BunCryptoProvider, Long } from '@mtcute/bun';
import {
  addPublicKey,
  createAesIgeForMessage,
  generateKeyAndIvFromNonce,
  parsePublicKey,
  TlBinaryReader,
  TlBinaryWriter,
} from '@mtcute/bun/utils.js';
import schema from '@mtcute/tl/api-schema.json';
import { __tlReaderMap } from '@mtcute/tl/binary/reader.js';
import { __tlWriterMap } from '@mtcute/tl/binary/writer.js';

/** An object of Telegram's schema. */
export type Tl = { _: string } & Record<string, unknown>;
/** What a method answers: an object, a vector of them, or an error as Telegram words it. */
export type Answered = Tl | Tl[] | { error: string; code: number };

/** One call, read by the schema, with what its connection said of itself. */
export interface Called {
  method: string;
  params: Record<string, unknown>;
  /** Hex of the key that it came under. */
  key: string;
  appId: number;
  device: string;
  withoutUpdates: boolean;
}

interface Argument {
  name: string;
  type: string;
  typeModifiers?: { predicate?: string; isVector?: boolean };
}

const methods = new Map(
  (schema.e as { kind: string; name: string; id: number; arguments: Argument[] }[])
    .filter(({ kind }) => kind === 'method')
    .map((method) => [method.id, method]),
);
const ids = { vector: 481674261, gzip: 812830625, container: 1945237724, result: 4082920705 };
export const prime = BigInt(
  '0xC71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C3720FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F642477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B',
);
const salt = Long.fromString('7311733117331');
const crypto = new BunCryptoProvider();

/**
 * A server that speaks Telegram's own protocol on a local port: TCP in intermediate framing, messages sealed with the key
 * of a session (or one that is agreed on, as at a first sign-in), requests and answers in TL by the official schema.
 */
export class MtprotoServer {
  /** `host:port`. */
  readonly address: string;
  readonly calls: Called[] = [];
  /** Connections that were opened, and that are open. */
  opened = 0;
  readonly open = new Set<Socket>();
  /** Keys by their id. */
  private readonly keys = new Map<string, Uint8Array>();

  private constructor(
    private readonly server: Server,
    port: number,
    private readonly rsa: ReturnType<typeof rsaOf>,
    private readonly answer: (called: Called) => Answered | 'silence' | 'hang_up',
  ) {
    this.address = `127.0.0.1:${port}`;
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(answer: (called: Called) => Answered | 'silence' | 'hang_up'): Promise<MtprotoServer> {
    await crypto.initialize();
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new MtprotoServer(server, address.port, rsaOf(), answer);
  }

  /** Public key of this server, for the side that signs in. */
  get publicKey(): string {
    return this.rsa.pem;
  }

  addKey(key: Uint8Array): void {
    this.keys.set(hex(keyId(key)), key);
  }

  /** As if Telegram had forgotten the key. */
  forget(key: Uint8Array): void {
    this.keys.delete(hex(keyId(key)));
  }

  stop(): void {
    for (const socket of this.open) socket.destroy();
    this.server.close();
  }

  private serve(socket: Socket): void {
    this.opened += 1;
    this.open.add(socket);
    socket.on('close', () => this.open.delete(socket));
    socket.on('error', () => {});
    const line = new Line(socket, this.keys, this.calls, this.answer, this.rsa);
    let rest: Buffer = Buffer.alloc(0);
    let tagged = false;
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      if (!tagged && rest.length >= 4) {
        if (rest.readUInt32LE(0) !== 0xeeeeeeee) throw new Error('not the intermediate transport');
        rest = rest.subarray(4);
        tagged = true;
      }
      while (tagged && rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
        const frame = rest.subarray(4, 4 + rest.readUInt32LE(0));
        rest = rest.subarray(4 + frame.length);
        line.take(new Uint8Array(frame));
      }
    });
  }
}

/** One connection. */
class Line {
  private session: Long | null = null;
  private key: Uint8Array = new Uint8Array();
  private last = Long.ZERO;
  private seq = 0;
  private inited = { appId: 0, device: '' };
  private agreeing: { nonce: Uint8Array; serverNonce: Uint8Array; newNonce: Uint8Array; a: bigint } | null =
    null;

  constructor(
    private readonly socket: Socket,
    private readonly keys: Map<string, Uint8Array>,
    private readonly calls: Called[],
    private readonly answer: (called: Called) => Answered | 'silence' | 'hang_up',
    private readonly rsa: ReturnType<typeof rsaOf>,
  ) {}

  take(frame: Uint8Array): unknown {
    const id = hex(frame.subarray(0, 8));
    if (id === '0000000000000000') return this.agree(read(frame.subarray(20)).object() as Tl);
    const key = this.keys.get(id);
    if (!key) return this.send(new Uint8Array(new Int32Array([-404]).buffer));
    this.key = key;
    const messageKey = frame.subarray(8, 24);
    const plain = createAesIgeForMessage(crypto, key, messageKey, true).decrypt(frame.subarray(24));
    if (hex(sha256(key.subarray(88, 120), plain).subarray(8, 24)) !== hex(messageKey)) {
      throw new Error('the key of a message is wrong');
    }
    const reader = read(plain);
    const given = reader.long();
    const session = reader.long();
    const messageId = reader.long();
    reader.uint();
    const body = reader.raw(reader.uint());
    if (this.session === null || !this.session.eq(session)) {
      this.session = session;
      this.seq = 0;
    }
    if (!given.eq(salt)) {
      return this.tell({
        _: 'mt_bad_server_salt',
        badMsgId: messageId,
        badMsgSeqno: 0,
        errorCode: 48,
        newServerSalt: salt,
      });
    }
    this.message(messageId, body);
  }

  private message(messageId: Long, body: Uint8Array): unknown {
    const reader = read(body);
    const id = reader.peekUint();
    if (id === ids.gzip) {
      reader.uint();
      return this.message(messageId, new Uint8Array(unzipSync(reader.bytes())));
    }
    if (id === ids.container) {
      reader.uint();
      const count = reader.uint();
      for (let n = 0; n < count; n += 1) {
        const inner = reader.long();
        reader.uint();
        this.message(inner, reader.raw(reader.uint()));
      }
      return;
    }
    if (methods.has(id)) return this.call(messageId, reader, false);
    const said = reader.object() as Tl;
    switch (said._) {
      case 'mt_ping_delay_disconnect':
        return this.tell({ _: 'mt_pong', msgId: messageId, pingId: said.pingId });
      case 'mt_get_future_salts':
        return this.tell({
          _: 'mt_future_salts',
          reqMsgId: messageId,
          now: Math.floor(Date.now() / 1_000),
          salts: [],
        });
      case 'mt_destroy_session':
        return this.tell({ _: 'mt_destroy_session_ok', sessionId: said.sessionId });
      case 'mt_rpc_drop_answer':
        return this.result(messageId, { _: 'mt_rpc_answer_unknown' });
      case 'mt_msgs_ack':
      case 'mt_msgs_state_req':
        return;
      default:
        throw new Error(`nobody expects ${said._}`);
    }
  }

  private call(messageId: Long, reader: TlBinaryReader, withoutUpdates: boolean): unknown {
    const method = methods.get(reader.uint());
    if (!method) throw new Error('no method of the schema');
    const params = paramsOf(method.arguments, reader);
    if (method.name === 'invokeWithLayer') {
      if (params.layer !== schema.l) throw new Error('another layer than the schema');
      return this.call(messageId, reader, withoutUpdates);
    }
    if (method.name === 'initConnection') {
      this.inited = { appId: Number(params.apiId), device: String(params.deviceModel) };
      return this.call(messageId, reader, withoutUpdates);
    }
    if (method.name === 'invokeWithoutUpdates') return this.call(messageId, reader, true);
    if (reader.pos !== reader.uint8View.length) throw new Error(`${method.name} has bytes left over`);
    const called = { method: method.name, params, key: hex(this.key), ...this.inited, withoutUpdates };
    this.calls.push(called);
    const answered = this.answer(called);
    if (answered === 'silence') return;
    if (answered === 'hang_up') {
      this.socket.destroy();
      return;
    }
    this.result(
      messageId,
      'error' in answered && !('_' in answered)
        ? { _: 'mt_rpc_error', errorCode: Number(answered.code), errorMessage: String(answered.error) }
        : (answered as Tl | Tl[]),
    );
  }

  private result(messageId: Long, value: Tl | Tl[]): void {
    const parts = Array.isArray(value) ? value.map(bytesOf) : [bytesOf(value)];
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    const writer = TlBinaryWriter.manual(size + 64);
    writer.uint(ids.result);
    writer.long(messageId);
    if (Array.isArray(value)) {
      writer.uint(ids.vector);
      writer.uint(parts.length);
    }
    for (const part of parts) writer.raw(part);
    this.seal(writer.result(), true);
  }

  private tell(object: Tl): void {
    this.seal(bytesOf(object), false);
  }

  private seal(body: Uint8Array, content: boolean): void {
    const pad = 12 + ((16 - ((32 + body.length + 12) % 16)) % 16);
    const writer = TlBinaryWriter.manual(32 + body.length + pad);
    writer.long(salt);
    writer.long(this.session ?? Long.ZERO);
    writer.long(this.nextId());
    writer.uint(this.seq * 2 + (content ? 1 : 0));
    if (content) this.seq += 1;
    writer.uint(body.length);
    writer.raw(body);
    writer.raw(crypto.randomBytes(pad));
    const plain = writer.result();
    const messageKey = sha256(this.key.subarray(96, 128), plain).subarray(8, 24);
    const sealed = createAesIgeForMessage(crypto, this.key, messageKey, false).encrypt(plain);
    this.send(Buffer.concat([keyId(this.key), messageKey, sealed]));
  }

  private nextId(): Long {
    const now = Date.now();
    const id = new Long(((now % 1_000) << 22) | 1, Math.floor(now / 1_000));
    this.last = id.gt(this.last) ? id : this.last.add(4);
    return this.last;
  }

  private send(frame: Uint8Array): void {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(frame.length);
    this.socket.write(Buffer.concat([length, frame]));
  }

  /** Agrees on a new key, step by step as core.telegram.org/mtproto/auth_key has it. */
  private agree(said: Tl): unknown {
    switch (said._) {
      case 'mt_req_pq_multi':
        this.agreeing = {
          nonce: said.nonce as Uint8Array,
          serverNonce: crypto.randomBytes(16),
          newNonce: new Uint8Array(32),
          a: bigOf(crypto.randomBytes(32)),
        };
        return this.open({
          _: 'mt_resPQ',
          ...this.nonces(),
          // 1000003 · 1000033
          pq: bytesOfBig(1_000_036_000_099n),
          serverPublicKeyFingerprints: [Long.fromString(this.rsa.fingerprint, true, 16)],
        });
      case 'mt_req_DH_params': {
        const inner = read(unpadded(said.encryptedData as Uint8Array, this.rsa.secret)).object() as Tl;
        const state = this.state();
        state.newNonce = inner.newNonce as Uint8Array;
        const data = bytesOf({
          _: 'mt_server_DH_inner_data',
          ...this.nonces(),
          g: 3,
          dhPrime: bytesOfBig(prime),
          gA: padded(power(3n, state.a)),
          serverTime: Math.floor(Date.now() / 1_000),
        });
        const [key, iv] = generateKeyAndIvFromNonce(crypto, state.serverNonce, state.newNonce);
        const whole = Buffer.concat([sha1(data), data]);
        const even = Buffer.concat([whole, crypto.randomBytes((16 - (whole.length % 16)) % 16)]);
        const encryptedAnswer = crypto.createAesIge(key, iv).encrypt(even);
        return this.open({ _: 'mt_server_DH_params_ok', ...this.nonces(), encryptedAnswer });
      }
      case 'mt_set_client_DH_params': {
        const state = this.state();
        const [key, iv] = generateKeyAndIvFromNonce(crypto, state.serverNonce, state.newNonce);
        const plain = crypto.createAesIge(key, iv).decrypt(said.encryptedData as Uint8Array);
        const inner = read(plain.subarray(20)).object() as Tl;
        const agreed = padded(power(bigOf(inner.gB as Uint8Array), state.a));
        this.keys.set(hex(keyId(agreed)), agreed);
        const aux = sha1(agreed).subarray(0, 8);
        const newNonceHash1 = sha1(state.newNonce, new Uint8Array([1]), aux).subarray(-16);
        return this.open({ _: 'mt_dh_gen_ok', ...this.nonces(), newNonceHash1 });
      }
      default:
        throw new Error(`nobody agrees by ${said._}`);
    }
  }

  private state() {
    if (this.agreeing === null) throw new Error('out of turn');
    return this.agreeing;
  }

  private nonces() {
    const { nonce, serverNonce } = this.state();
    return { nonce, serverNonce };
  }

  /** A message that is not sealed. */
  private open(object: Tl): void {
    const body = bytesOf(object);
    const writer = TlBinaryWriter.manual(20 + body.length);
    writer.long(Long.ZERO);
    writer.long(this.nextId());
    writer.uint(body.length);
    writer.raw(body);
    this.send(writer.result());
  }
}

function paramsOf(given: readonly Argument[], reader: TlBinaryReader): Record<string, unknown> {
  const flags = new Map<string, number>();
  const params: Record<string, unknown> = {};
  for (const { name, type, typeModifiers: { predicate, isVector } = {} } of given) {
    if (type === '#') {
      flags.set(name, reader.uint());
      continue;
    }
    const [field = '', bit] = (predicate ?? '').split('.');
    const there = predicate === undefined || ((flags.get(field) ?? 0) >>> Number(bit)) & 1;
    const camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    if (type === 'true') params[camel] = Boolean(there);
    // The query itself follows.
    else if (there && type !== '!X') {
      params[camel] = isVector ? reader.vector(() => one(type, reader)) : one(type, reader);
    }
  }
  return params;
}

function one(type: string, reader: TlBinaryReader): unknown {
  switch (type) {
    case 'int':
    case 'int53':
    case 'long':
    case 'double':
    case 'string':
    case 'bytes':
    case 'int128':
    case 'int256':
      return reader[type]();
    case 'Bool':
      return reader.boolean();
    default: {
      const object = reader.object() as Tl;
      if (type !== typeNamed.get(object._)) throw new Error(`${object._} is no ${type}`);
      return object;
    }
  }
}

const typeNamed = new Map(
  (schema.e as { name: string; type: string }[]).map(({ name, type }) => [name, type]),
);

/** The secret of RSA_PAD: what a client puts around the first part of an agreement. */
function unpadded(data: Uint8Array, secret: string): Uint8Array {
  const key = { key: secret, padding: constants.RSA_NO_PADDING };
  const plain = new Uint8Array(privateDecrypt(key, data));
  const [sealedKey, sealed] = [plain.subarray(0, 32), plain.subarray(32)];
  const hash = sha256(sealed);
  const aesKey = sealedKey.map((byte, index) => byte ^ (hash[index] ?? 0));
  const reversed = crypto.createAesIge(aesKey, new Uint8Array(32)).decrypt(sealed).subarray(0, 192);
  return reversed.toReversed();
}

function rsaOf(): { pem: string; secret: string; fingerprint: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const { fingerprint } = parsePublicKey(crypto, publicKey);
  // The library writes it without leading zeros, and then finds none that has them.
  return fingerprint.startsWith('0') ? rsaOf() : { pem: publicKey, secret: privateKey, fingerprint };
}

/** Has a client of this process take the server for Telegram's own. */
export function trust(server: MtprotoServer): void {
  addPublicKey(crypto, server.publicKey);
}

function read(bytes: Uint8Array): TlBinaryReader {
  // A copy: objects are read at multiples of four bytes.
  return new TlBinaryReader(__tlReaderMap, new Uint8Array(bytes));
}

function bytesOf(object: Tl): Uint8Array {
  return TlBinaryWriter.serializeObject(__tlWriterMap, object);
}

function keyId(key: Uint8Array): Uint8Array {
  return sha1(key).subarray(-8);
}

function sha1(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(createHash('sha1').update(Buffer.concat(parts)).digest());
}

export function sha256(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest());
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function bigOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`);
}

function bytesOfBig(value: bigint): Uint8Array {
  const text = value.toString(16);
  return new Uint8Array(Buffer.from(text.padStart(text.length + (text.length % 2), '0'), 'hex'));
}

export function padded(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(512, '0'), 'hex'));
}

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (
    let square = base % prime, left = exponent;
    left > 0n;
    left >>= 1n, square = (square * square) % prime
  ) {
    if (left & 1n) result = (result * square) % prime;
  }
  return result;
}
