import { Panel } from '../components/panel.tsx';
import { mayAs } from '../session.ts';

/** On a hub without devices: what comes first. */
export function FirstSteps() {
  return (
    <Panel title="The first device">
      <ol class="first-steps">
        <li>
          <h3>Choose what it is</h3>
          <p>
            A <a href="/types">device type</a> says what a device sends and which commands it has. Some come
            with the hub.
          </p>
        </li>
        <li>
          <h3>Register it</h3>
          <p>
            {mayAs('admin') ? (
              <>
                <a href="/devices?view=add">Add the device</a>: its secret is shown once, with a program for
                it.
              </>
            ) : (
              'An administrator registers it, and gets its secret.'
            )}
          </p>
        </li>
        <li>
          <h3>Let it connect</h3>
          <p>
            The <a href="/playground">playground</a> is a device in this page, to see how it works.
          </p>
        </li>
      </ol>
    </Panel>
  );
}
