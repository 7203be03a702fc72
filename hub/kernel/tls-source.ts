/** Where the certificate of the device listener comes from. Files are absolute paths of PEM files. */
export type TlsSource =
  /** The hub makes a local CA and a certificate in the data folder. */
  | { readonly mode: 'own'; readonly clientCa?: string | undefined }
  | {
      readonly mode: 'given';
      readonly cert: string;
      readonly key: string;
      readonly clientCa?: string | undefined;
    };

/** How the device listener speaks TLS. */
export type DeviceTlsSource =
  | TlsSource
  /** Plain WebSocket on loopback. */
  | { readonly mode: 'off' }
  /** Plain WebSocket behind a proxy that speaks TLS. */
  | { readonly mode: 'terminated' };
