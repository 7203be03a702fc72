/** The params that were sent or will be sent. */
import { texts } from '../texts/texts.ts';
export function ParamsList({ params }: { readonly params: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(params);
  if (entries.length === 0) return <p class="quiet">{texts.forms.noParameters}</p>;
  return (
    <dl class="params">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <code>{JSON.stringify(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  );
}
