/** Where a listener opens: what the configuration says, and the adapters do. */
export interface ListenAddress {
  /** Host name or address, an IPv6 address without brackets. */
  host: string;
  /** 0: the system chooses a free one. */
  port: number;
}
