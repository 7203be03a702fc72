/** What the calls need beside the API. */
export interface Scene {
  /** Connects a registered device that carries out its commands. */
  connect(id: string, secret: string, type?: string): Promise<SceneDevice>;
  /** Connects two devices with one credential, which take the session from each other. */
  clone(id: string, secret: string): Promise<void>;
  /** Asks for an identity at the device listener. @returns the status of the answer */
  enrol(token: string, id: string): Promise<number>;
  /** Makes the store refuse the occupancy of traffic detectors permanently. */
  refuseOccupancy(): Promise<void>;
  /** Takes the metrics store away. */
  stopStore(): Promise<void>;
  /** Asks until `condition` gives something true. */
  until<T>(what: string, condition: () => Promise<T | false | undefined>): Promise<T>;
}

export interface SceneDevice {
  /** Sends one reading. @returns once it is acked or refused */
  send(stream: string, data: Readonly<Record<string, unknown>>): Promise<void>;
}
