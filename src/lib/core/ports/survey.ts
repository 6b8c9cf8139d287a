/** A listening TCP socket and who holds it, as a survey of the machine found them. */
export interface PortListener {
  readonly port: number;
  /** As an operator writes it: `127.0.0.1`, `::1`, `0.0.0.0`, `::`. IPv4 addresses mapped into IPv6 are shown as IPv4. */
  readonly address: string;
  /** A socket on `::` that takes IPv4 connections too; null: not told. */
  readonly isDualStack: boolean | null;
  /** Nobody listens, but the port is the near end of a connection: it can't be bound while that lasts. */
  readonly isConnection?: true;
  /** Identifies the socket where the system tells. */
  readonly inode: string | null;
  /** Null: the holder can't be read (another user's, another namespace's, or it has just ended). */
  readonly pid: number | null;
  /** Others that have the same socket open: workers of a pre-forking server. */
  readonly alsoHeldBy: readonly number[];
  /** Name of the program, at most what the system tells. */
  readonly name: string | null;
  readonly command: string | null;
  /** Owner of the process, or of the socket where only that is told. */
  readonly user: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null;
  readonly cwd: string | null;
  /** Value of its ERP_MARK, `PROJECT/SERVICE/INCARNATION`; null: none, or not readable. */
  readonly mark: string | null;
}

/** Ports that nobody gets without more: below 1024 for an ordinary user, Windows' excluded ranges. */
export interface ReservedRange {
  readonly from: number;
  /** Included. */
  readonly to: number;
  readonly why: 'privileged' | 'excluded' | 'reserved';
  /** Not for whoever listens on all addresses (0.0.0.0 or ::): macOS keeps only exact addresses for root. */
  readonly exceptOnAllAddresses?: true;
  /** Where that is set, to be looked up: `net.ipv4.ip_unprivileged_port_start = 1024`. */
  readonly source: string;
}

/** What listens on this machine at one moment. Nothing is bound to find it out. */
export interface PortSurvey {
  /** Null: can't be found out on this machine. */
  readonly listeners: readonly PortListener[] | null;
  /** Why not, or why incomplete; null: complete. */
  readonly problem: string | null;
  readonly reserved: readonly ReservedRange[];
}
