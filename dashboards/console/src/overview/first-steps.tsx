import { Panel } from '../components/panel.tsx';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';

/** On a hub without devices: what comes first. */
export function FirstSteps() {
  return (
    <Panel title={texts.overview.theFirstDevice}>
      <ol class="first-steps">
        <li>
          <h3>{texts.overview.chooseWhatItIs}</h3>
          <p>{texts.overview.saysWhatADeviceSends(<a href="/types">{texts.overview.deviceType}</a>)}</p>
        </li>
        <li>
          <h3>{texts.overview.registerIt}</h3>
          <p>
            {mayAs('admin') ? (
              <>
                {texts.overview.itsSecretIsShown(
                  <a href="/devices?view=add">{texts.overview.addTheDevice}</a>,
                )}
              </>
            ) : (
              texts.overview.administratorRegistersIt
            )}
          </p>
        </li>
        <li>
          <h3>{texts.overview.letItConnect}</h3>
          <p>{texts.overview.isADevice(<a href="/playground">{texts.overview.playground}</a>)}</p>
        </li>
      </ol>
    </Panel>
  );
}
