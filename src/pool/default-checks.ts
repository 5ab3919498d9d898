/**
 * The checks of the options that a request and a whole pool have in common (clause H5).
 */

import type { OptionIssue } from '../errors.ts';
import type { RequestDefaults } from '../options.ts';
import { own } from '../own-options.ts';
import {
  boolean,
  type Check,
  checkAll,
  finite,
  isOptionBag,
  oneOf,
  oneOrMore,
  positive,
  positiveFinite,
  show,
  text,
} from './validate.ts';

/** For what is checked where it is resolved. */
export const anything: Check = () => undefined;

const throughput: Check = (value) => {
  if (!isOptionBag(value)) return `must be { bytes, interval }, not ${show(value)}`;
  const issues: OptionIssue[] = [];
  checkAll(value, { bytes: positiveFinite, interval: positiveFinite }, issues);
  const first = issues[0];
  if (first !== undefined) return `${first.option} ${first.problem}`;
  const isWhole = own(value, 'bytes') !== undefined && own(value, 'interval') !== undefined;
  return isWhole ? undefined : 'needs both bytes and interval';
};

export const DEFAULT_CHECKS: Readonly<Record<keyof RequestDefaults, Check>> = {
  headers: anything,
  stream: boolean,
  streamBody: boolean,
  onCallerDeath: oneOf('finish', 'cancel'),
  // With less than a byte of credit nothing is ever delivered.
  window: oneOrMore,
  timeout: positive,
  connectTimeout: positive,
  headersTimeout: positive,
  idleTimeout: positive,
  queueTimeout: positive,
  tenant: text,
  priority: finite,
  minThroughput: throughput,
  uploadBuffer: positive,
  maxResponseBytes: positive,
};
