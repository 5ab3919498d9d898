/**
 * The weather of a simulation: how often which thing happens next, and what kind of peers and
 * callers the exchanges have. It says nothing of the pool that has to stand it.
 */

/** What may happen next. */
export type Act =
  | 'launch'
  /** A peer takes its next step. */
  | 'peer'
  /** A caller takes its next step. */
  | 'caller'
  /** The clock moves to the next timer, or a little. */
  | 'time'
  /** The machine slept for up to some hours: all timers fire late. */
  | 'leap'
  /** A worker is killed. */
  | 'kill'
  /** The next dispatch of a worker throws. */
  | 'fault'
  /** A dispatcher is destroyed behind the back of its worker. */
  | 'gone'
  | 'cancel'
  /** A caller that many exchanges share dies. */
  | 'caller_death'
  /** A signal that many exchanges share aborts. */
  | 'signal'
  | 'receiver_death'
  /** The pool starts nothing new, or goes on. */
  | 'pause'
  | 'resume'
  /** The limits of the pool change. */
  | 'limits';

/** How the peer of an exchange misbehaves. */
export type PeerFault =
  | 'none'
  /** The connection is never made: refused, no such host, a bad certificate. */
  | 'refused'
  /** A reset or broken framing, before, inside or after headers and body. */
  | 'broken'
  /** From some point on it does nothing any more. */
  | 'stalled'
  /** Many small pieces. */
  | 'trickle'
  /** It answers before the upload is whole. */
  | 'early'
  /** Its transport does not stop for a pause. */
  | 'rude';

export interface Storm {
  readonly name: string;
  readonly acts: Readonly<Record<Act, number>>;
  readonly peers: Readonly<Record<PeerFault, number>>;
  /** Share of exchanges with a short timeout of some kind. */
  readonly hurried: number;
  /** Share of uploads that are never finished, and of windows that are never granted. */
  readonly absent: number;
  /** Share of exchanges whose peer has to move enough. */
  readonly watched: number;
  /** Share of steps after which microtasks run before the next step. */
  readonly settled: number;
}

const ACTS: Readonly<Record<Act, number>> = {
  launch: 12,
  peer: 50,
  caller: 25,
  time: 6,
  leap: 0,
  kill: 0,
  fault: 0,
  gone: 0,
  cancel: 0.3,
  caller_death: 0.02,
  signal: 0.02,
  receiver_death: 0.02,
  pause: 0.01,
  resume: 0.5,
  limits: 0.01,
};

const PEERS: Readonly<Record<PeerFault, number>> = {
  none: 80,
  refused: 2,
  broken: 4,
  stalled: 2,
  trickle: 4,
  early: 4,
  rude: 4,
};

const CALM: Storm = {
  name: 'calm',
  acts: ACTS,
  peers: PEERS,
  hurried: 0.1,
  absent: 0.02,
  watched: 0.05,
  settled: 0.6,
};

/** What a simulation goes through, in an order that its seed decides. */
export const STORMS: readonly Storm[] = [
  CALM,
  { ...CALM, name: 'broken peers', peers: { ...PEERS, none: 20, refused: 20, broken: 60 } },
  {
    ...CALM,
    name: 'silent peers',
    acts: { ...ACTS, time: 25, leap: 0.1 },
    peers: { ...PEERS, stalled: 40, trickle: 20 },
    hurried: 0.5,
    watched: 0.5,
  },
  { ...CALM, name: 'answers before questions', peers: { ...PEERS, none: 10, early: 60, rude: 20 } },
  {
    ...CALM,
    name: 'dying workers',
    acts: { ...ACTS, time: 20, kill: 1, fault: 0.5, gone: 0.5 },
  },
  {
    ...CALM,
    name: 'dying callers',
    acts: { ...ACTS, cancel: 5, caller_death: 1, signal: 1, receiver_death: 1 },
  },
  { ...CALM, name: 'changing limits', acts: { ...ACTS, pause: 1, resume: 4, limits: 1 } },
  { ...CALM, name: 'a flood', acts: { ...ACTS, launch: 200, cancel: 2 } },
  { ...CALM, name: 'sleep', acts: { ...ACTS, time: 15, leap: 1 }, hurried: 0.3 },
  { ...CALM, name: 'absent callers', acts: { ...ACTS, time: 15 }, absent: 0.5, hurried: 0.2 },
  {
    name: 'all at once',
    acts: {
      ...ACTS,
      time: 15,
      leap: 0.2,
      kill: 0.5,
      fault: 0.2,
      gone: 0.2,
      cancel: 3,
      caller_death: 0.5,
      signal: 0.5,
      receiver_death: 0.5,
      pause: 0.2,
      resume: 2,
      limits: 0.2,
    },
    peers: { none: 30, refused: 10, broken: 20, stalled: 10, trickle: 10, early: 10, rude: 10 },
    hurried: 0.3,
    absent: 0.2,
    watched: 0.2,
    settled: 0.3,
  },
];
