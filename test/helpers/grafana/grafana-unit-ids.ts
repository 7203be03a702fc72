/**
 * Ids of Grafana's standard units (`@grafana/data`, value formats, Grafana 10 and later) that a measured quantity can have;
 * currencies, dates and hash rates are left out. Grafana prints an id that it does not know as if it were the unit's name.
 */
export const grafanaUnitIds: ReadonlySet<string> = new Set(
  [
    'none string short percent percentunit humidity dB hex sci locale',
    'accMS2 accFS2 accG degree radian grad arcmin arcsec areaM2 areaF2 areaMI2',
    'ppm conppb conngm3 conngNm3 conμgm3 conμgNm3 conmgm3 conmgNm3 congm3 congNm3 conmgdL conmmolL',
    'bits bytes kbytes mbytes gbytes decbits decbytes deckbytes decmbytes decgbytes pps bps Bps KBs Kbits MBs Mbits',
    'watt kwatt megwatt gwatt mwatt Wm2 voltamp kvoltamp voltampreact kvoltampreact watth kwatth kwattm joule ev',
    'amph kamph mamph amp kamp mamp volt kvolt mvolt dBm ohm kohm Mohm farad µfarad nfarad pfarad henry mhenry µhenry',
    'lumens flowgpm flowcms flowcfs flowcfm litreh flowlpm flowmlpm lux forceNm forcekNm forceN forcekN',
    'massmg massg masskg masst lengthmm lengthft lengthm lengthkm lengthmi',
    'pressurembar pressurebar pressurekbar pressurepa pressurehpa pressurekpa pressurehg pressurepsi',
    'radbq radci radgy radrad radsv radmsv radusv radrem radr radsvh radmsvh radusvh rotrpm rotrads rotdegs',
    'celsius fahrenheit kelvin hertz ns µs ms s m h d dtdurationms dtdurations dthms dtdhms clockms clocks',
    'cps ops reqps rps wps iops cpm opm rpm wpm velocityms velocitykmh velocitymph velocityknot',
    'mlitre litre m3 Nm3 dm3 gallons dateTimeAsIso dateTimeFromNow',
  ].flatMap((line) => line.split(' ')),
);
