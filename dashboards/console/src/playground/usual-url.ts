/** Where a hub usually listens for devices. */
export function usualUrl(): string {
  return `wss://${location.hostname}:8443/v1/device`;
}
