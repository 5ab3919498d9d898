/**
 * The framing of HTTP/2 (RFC 9113, section 4): a parser that cuts bytes into frames wherever they
 * were split, and an encoder. It knows nothing of streams and decodes no header block.
 */

/** Types of frames the helpers look at. */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  rstStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
} as const;

/** On DATA and HEADERS. */
export const END_STREAM = 0x1;
const PADDED = 0x8;

const HEAD_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export class FrameParser {
  readonly #onFrame: (frame: Frame) => void;
  #skip: number;
  #rest = Buffer.alloc(0);

  /** `skip`: bytes before the first frame, the 24 of a client's preface. */
  constructor(onFrame: (frame: Frame) => void, skip = 0) {
    this.#onFrame = onFrame;
    this.#skip = skip;
  }

  feed(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    let rest = Buffer.concat([this.#rest, bytes.subarray(skipped)]);
    while (rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      this.#onFrame({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        streamId: rest.readUInt32BE(5) & 0x7fffffff,
        payload: rest.subarray(HEAD_BYTES, end),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
  }
}

/** The bytes of data in a DATA frame, without its padding. */
export function dataLength(frame: Frame): number {
  if ((frame.flags & PADDED) === 0) return frame.payload.length;
  return frame.payload.length - 1 - frame.payload.readUInt8(0);
}

export function encodeFrame(frame: Omit<Frame, 'payload'> & { payload?: Uint8Array }): Buffer {
  const payload = frame.payload ?? Buffer.alloc(0);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(frame.type, 3);
  head.writeUInt8(frame.flags, 4);
  head.writeUInt32BE(frame.streamId, 5);
  return Buffer.concat([head, payload]);
}

export function goawayFrame(code: number, lastStreamId: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  return encodeFrame({ type: FRAME.goaway, flags: 0, streamId: 0, payload });
}
