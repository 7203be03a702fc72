/** The web console: starts in the browser, in the page that the hub serves at every address of it. */
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/components.css';
import './styles/table.css';
import './styles/forms.css';
import './styles/pages.css';
import './styles/fleet.css';
import './styles/device.css';
import { App } from './app.tsx';
import { startRouter } from './router.ts';
import { resumeSession } from './session.ts';
import { startTheme } from './theme.ts';

startTheme();
startRouter();
void resumeSession();
const host = document.querySelector('#app');
if (host !== null) render(<App />, host);
