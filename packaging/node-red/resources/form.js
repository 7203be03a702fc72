/* The forms of the nodes in the editor: fields from a JSON Schema of a device type. Loaded by the pages of the nodes. */
'use strict';

(() => {
  /** What a schema asks for, field by field. @returns [{name, title, kind, unit, min, max, choices, required, about}] */
  function fieldsOf(schema = {}) {
    const required = new Set(schema.required ?? []);
    return Object.entries(schema.properties ?? {}).map(([name, field]) => ({
      name,
      title: field.title ?? name,
      kind: kindOf(field),
      unit: field.unit ?? '',
      min: field.minimum,
      max: field.maximum,
      choices: field.enum ?? [],
      required: required.has(name),
      about: field.description ?? '',
    }));
  }

  function kindOf({ type, enum: choices }) {
    if (Array.isArray(choices)) return 'choice';
    if (type === 'integer' || type === 'number' || type === 'boolean' || type === 'string') return type;
    return 'json';
  }

  /** The text of an input as the value that is meant. @returns undefined when it is left empty @throws for broken JSON */
  function valueOf({ kind, choices, name }, text) {
    if (text === '') return undefined;
    if (kind === 'integer' || kind === 'number') return Number(text);
    if (kind === 'boolean') return text === 'true';
    if (kind === 'choice') return choices.find((choice) => String(choice) === text);
    if (kind === 'string') return text;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`${name} is no JSON: ${error.message}`, { cause: error });
    }
  }

  function textOf({ kind }, value) {
    if (value === undefined) return '';
    return kind === 'json' ? JSON.stringify(value) : String(value);
  }

  function inputFor(field, value) {
    const { kind, choices, min, max } = field;
    if (kind === 'choice' || kind === 'boolean') {
      const select = document.createElement('select');
      const options = kind === 'boolean' ? ['true', 'false'] : choices.map(String);
      for (const option of ['', ...options]) select.add(new Option(option === '' ? '–' : option, option));
      select.value = textOf(field, value);
      return select;
    }
    const input = document.createElement('input');
    input.value = textOf(field, value);
    if (kind === 'integer' || kind === 'number') {
      input.type = 'number';
      input.step = kind === 'integer' ? '1' : 'any';
      if (min !== undefined) input.min = String(min);
      if (max !== undefined) input.max = String(max);
    }
    return input;
  }

  /**
   * Draws the fields of a schema into an element.
   * @returns read: the object that they give, without those left empty; @throws when one is no JSON
   */
  function drawFields(element, schema, values = {}) {
    element.replaceChildren();
    const drawn = fieldsOf(schema).map((field) => {
      const row = document.createElement('div');
      row.className = 'form-row';
      const label = document.createElement('label');
      label.textContent = `${field.title}${field.required ? ' *' : ''}`;
      label.title = field.about;
      const input = inputFor(field, values[field.name]);
      input.dataset.field = field.name;
      input.style.width = '50%';
      const unit = document.createElement('span');
      unit.textContent = ` ${field.unit}`;
      row.append(label, input, unit);
      element.append(row);
      return { field, input };
    });
    if (drawn.length === 0) element.textContent = 'Nothing to fill in.';
    return {
      read() {
        const entries = drawn.map(({ field, input }) => [field.name, valueOf(field, input.value)]);
        return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
      },
    };
  }

  /** Without the hub's types: the object as JSON. */
  function drawJson(element, why, values = {}) {
    const note = document.createElement('p');
    note.textContent = `${why} Until then, as JSON:`;
    const area = document.createElement('textarea');
    area.rows = 4;
    area.style.width = '100%';
    area.dataset.field = 'json';
    area.value = JSON.stringify(values);
    element.replaceChildren(note, area);
    return {
      read: () => valueOf({ kind: 'json', choices: [], name: 'The form' }, area.value) ?? {},
    };
  }

  /** Asks the hub by way of Node-RED. @throws with words for the form */
  async function ask(hub, path) {
    if (hub === '' || hub === '_ADD_') throw new Error('Choose a hub.');
    // Node-RED puts the sign-in of the editor into the requests of its own jQuery.
    try {
      return await $.getJSON(`device-hub/${encodeURIComponent(hub)}/${path}`);
    } catch (failure) {
      const words = failure.responseJSON?.message ?? `Node-RED answers ${failure.status}.`;
      throw new Error(words, { cause: failure });
    }
  }

  /** A text field stays one; what the hub knows is offered to choose from. */
  function offer(input, names) {
    const list = document.createElement('datalist');
    list.id = `${input.id}-names`;
    for (const name of names) list.append(new Option(name, name));
    document.getElementById(list.id)?.remove();
    input.after(list);
    input.setAttribute('list', list.id);
  }

  /**
   * The form of a node that speaks to devices of a type: type, device, the choice among the type's commands (when there is one) and the
   * fields.
   * @param schemaOf (definition, choice) → the schema of the fields
   * @param choicesOf definition → names to choose from; undefined: there is nothing to choose
   * @returns save: writes into the node what was filled in
   */
  function typeForm({ node, member, schemaOf, choicesOf }) {
    const [hub, type, device, choice] = ['hub', 'deviceType', 'device', 'command'].map((name) =>
      document.getElementById(`node-input-${name}`),
    );
    const area = document.getElementById('device-hub-fields');
    let fields = drawJson(area, 'Choose a type.', node[member]);
    let definition;

    const draw = () => {
      const schema = schemaOf(definition, choice?.value);
      const values = { ...node[member], ...fields.read() };
      fields =
        schema === undefined
          ? drawJson(area, 'The type has none of this name.', values)
          : drawFields(area, schema, values);
    };
    const loadType = async () => {
      if (type.value === '') return;
      try {
        definition = await ask(hub.value, `types/${encodeURIComponent(type.value)}`);
        if (choicesOf !== undefined) offer(choice, choicesOf(definition));
        draw();
        const { devices } = await ask(hub.value, `devices/${encodeURIComponent(type.value)}`);
        offer(
          device,
          devices.map(({ id }) => id),
        );
      } catch (error) {
        fields = drawJson(area, error.message, { ...node[member], ...fields.read() });
      }
    };
    const loadTypes = async () => {
      try {
        const { types } = await ask(hub.value, 'types');
        offer(
          type,
          types.map(({ id }) => id),
        );
        await loadType();
      } catch (error) {
        fields = drawJson(area, error.message, node[member]);
      }
    };
    hub.addEventListener('change', () => void loadTypes());
    type.addEventListener('change', () => void loadType());
    choice?.addEventListener('change', () => {
      if (definition !== undefined) draw();
    });
    void loadTypes();
    return {
      save() {
        try {
          node[member] = fields.read();
        } catch (error) {
          RED.notify(error.message, 'error');
        }
      },
    };
  }

  globalThis.deviceHub = { fieldsOf, valueOf, drawFields, typeForm };
})();
