import { useEffect, useState } from 'preact/hooks';
import { firmwareApi } from '../../../../schemas/api/firmware/firmware.ts';
import { ask, messageOf, upload } from '../api.ts';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { shareWords, sizeWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { sha256Of, signatureOf } from './firmware-file.ts';

/** Adds a firmware: its file, with its hash and, from the owner, its signature. */
export function NewArtifact({ onAdded }: { onAdded: () => void }) {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  return (
    <Panel title={texts.firmware.addFirmware}>
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {({ types: rows }) => {
          const names = [
            ...new Set(rows.filter((row) => row.updatesFirmware).map(({ id }) => id.replace(/@.*/, ''))),
          ];
          return names.length === 0 ? (
            <p class="quiet">{texts.firmware.noDeviceTypeTakesFirmware}</p>
          ) : (
            <ArtifactForm types={names} onAdded={onAdded} />
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** A file as it is known: its hash is there once it was read to its end. */
type Hashed = { kind: 'none' } | { kind: 'reading'; share: number } | { kind: 'read'; sha256: string };

interface Artifact {
  type: string;
  version: string;
  file: File | undefined;
  signature: File | undefined;
  /** Where devices get it; empty: from the hub. */
  url: string;
}

const noArtifact: Artifact = { type: '', version: '', file: undefined, signature: undefined, url: '' };

function ArtifactForm({ types, onAdded }: { types: readonly string[]; onAdded: () => void }) {
  const [artifact, setArtifact] = useState<Artifact>({ ...noArtifact, type: types[0] ?? '' });
  const { type, version, file, signature, url } = artifact;
  const set = (change: Partial<Artifact>): void => setArtifact((now) => ({ ...now, ...change }));
  const [sent, setSent] = useState<number>();
  const request = useRequest();
  const hashed = useHash(file);
  /** Another one for each artifact: files that were chosen cannot be taken back otherwise. */
  const [form, setForm] = useState(0);

  async function add(sha256: string, bytes: File): Promise<void> {
    const known = {
      sha256,
      ...(signature === undefined ? {} : { signature: await signatureOf(signature) }),
    };
    if (url.trim() === '') {
      setSent(0);
      await upload('PUT /api/v1/firmware/{type}/{version}', {
        params: { type, version },
        query: known,
        file: bytes,
        media: firmwareApi.addFirmware.bodyMedia,
        progress: setSent,
      });
    } else {
      const body = { type, version, ...known, size: bytes.size, url: url.trim() };
      await ask('POST /api/v1/firmware', { body });
    }
  }

  function submit(): void {
    if (file === undefined || hashed.kind !== 'read') return;
    void request
      .run(
        () => add(hashed.sha256, file),
        () => {
          say('done', texts.firmware.typeVersionWasAdded(type, version));
          set({ ...noArtifact, type });
          setForm(form + 1);
          onAdded();
        },
      )
      .then(() => setSent(undefined));
  }

  return (
    <RequestForm
      key={form}
      label={texts.firmware.addFirmware}
      action={url.trim() === '' ? texts.firmware.upload : texts.firmware.add}
      request={request}
      onSubmit={submit}
      ready={hashed.kind === 'read'}
    >
      <ArtifactFields types={types} artifact={artifact} hashed={hashed} set={set} />
      {sent !== undefined && (
        <div class="level">
          <label for="upload">{texts.firmware.sendingSent(shareWords(sent))}</label>
          <progress id="upload" value={sent} max={1} />
        </div>
      )}
    </RequestForm>
  );
}

interface ArtifactFieldsProps {
  types: readonly string[];
  artifact: Artifact;
  hashed: Hashed;
  set: (change: Partial<Artifact>) => void;
}

function ArtifactFields({ types, artifact, hashed, set }: ArtifactFieldsProps) {
  const { type, version, file, url } = artifact;
  return (
    <>
      <SelectField
        label={texts.common.deviceType}
        value={type}
        onValue={(next) => set({ type: next })}
        choices={types.map((name) => [name, name])}
      />
      <TextField
        label={texts.firmware.version}
        name="/version"
        hint={texts.firmware.asTheDevicesSay}
        required
        maxLength={64}
        value={version}
        onValue={(next) => set({ version: next })}
      />
      <FileField label={texts.firmware.file} required onFile={(next) => set({ file: next })} />
      <p class="quiet hash" role="status">
        {hashed.kind === 'reading' && texts.firmware.readingShare(shareWords(hashed.share))}
        {hashed.kind === 'read' && file !== undefined && (
          <>{texts.firmware.sizeAndHash(sizeWords(file.size), <code>{hashed.sha256}</code>)}</>
        )}
      </p>
      <FileField
        label={texts.firmware.signatureOptional}
        hint={texts.firmware.ed25519OverTheSha256}
        onFile={(next) => set({ signature: next })}
      />
      <TextField
        label={texts.firmware.addressOptional}
        name="/url"
        type="url"
        hint={texts.firmware.devicesGetItThere}
        value={url}
        onValue={(next) => set({ url: next })}
      />
    </>
  );
}

interface FileFieldProps {
  label: string;
  hint?: string;
  required?: boolean;
  onFile: (file: File | undefined) => void;
}

function FileField({ label, hint, required = false, onFile }: FileFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(control) => (
        <input
          {...control}
          type="file"
          required={required}
          onChange={(event) => onFile(event.currentTarget.files?.[0])}
        />
      )}
    </Field>
  );
}

function useHash(file: File | undefined): Hashed {
  const [hashed, setHashed] = useState<Hashed>({ kind: 'none' });
  useEffect(() => {
    if (file === undefined) {
      setHashed({ kind: 'none' });
      return undefined;
    }
    const stop = new AbortController();
    setHashed({ kind: 'reading', share: 0 });
    sha256Of(file, (share) => setHashed({ kind: 'reading', share }), stop.signal).then(
      (sha256) => setHashed({ kind: 'read', sha256 }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        setHashed({ kind: 'none' });
        say('fault', texts.firmware.fileCouldNotBeRead(messageOf(error)));
      },
    );
    return () => stop.abort();
  }, [file]);
  return hashed;
}
