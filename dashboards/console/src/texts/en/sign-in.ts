export const signIn = {
  identityProviderDidNotSign:
    'The identity provider did not sign you in. Try again; the log of the hub says why.',
  thatTookTooLongTry: 'That took too long. Try again.',
  identityProviderGivesNoName:
    'The identity provider gives no name that an account may have. Ask an administrator.',
  youHaveNoRoleHere: 'You have no role here. Ask an administrator.',
  thereIsAnAccount:
    'There is an account of your name that is not of the identity provider. Ask an administrator.',
  thereIsNoRoom: 'There is no room for another account. Ask an administrator.',
  nameRule: 'Use letters, digits, and _ . @ - (no spaces), up to 64 characters.',
  signIn: 'Sign in',
  deviceHub: 'Device hub',
  createTheFirstAdminAccount: 'Create the first admin account',
  oneTimeCode: 'One-time code',
  hubPrinted: 'The hub printed it when it started for the first time.',
  atLeast12Characters: 'At least 12 characters.',
  createAccount: 'Create account',
  iAlreadyHaveAnAccount: 'I already have an account',
  firstTimeHereUse: 'First time here? Use the one-time code',
  codeOfYourAuthenticatorApp: 'Code of your authenticator app',
  withoutYourPhoneARecovery: 'Without your phone: a recovery code.',
  signInWith: (host: string) => `Sign in with ${host}`,
  mustBe: (expected: string) => `Must be ${expected}.`,
  valid: 'valid',
};
