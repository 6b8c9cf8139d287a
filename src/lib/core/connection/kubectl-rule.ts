import {kubectlWith} from './forward-diagnosis.js';
import type {FailureKind} from './forward-failure.js';

/** What a forward was about, for remedies. */
export interface ForwardAbout {
  readonly forward: string;
  readonly context: string | null;
  readonly namespace: string | null;
  readonly target: string;
  readonly remotePort: number | string | null;
  readonly localPort: number | null;
}

/** What words of kubectl mean. */
export interface KubectlRule {
  readonly pattern: RegExp;
  readonly kind: FailureKind;
  readonly cause: string;
  readonly confidence: number;
  /** Requests that a start with this end has cost, measured with kubectl 1.27 to 1.33. */
  readonly cost: number;
  subject?(match: RegExpExecArray, about: ForwardAbout): string | null;
  remedy?(match: RegExpExecArray, about: ForwardAbout): string | null;
}

/** From 1.31 on kubectl asks twice: WebSocket, then SPDY. */
export const refusedUpgrade = 5;

export const ofTarget = (_: RegExpExecArray, {target}: ForwardAbout): string => target;
export const ofContext = (_: RegExpExecArray, {context}: ForwardAbout): string | null => context;
export const first = ([, found]: RegExpExecArray): string | null => found ?? null;
export const kubectl = (about: ForwardAbout, rest: string): string => `${kubectlWith(about)} ${rest}`;
