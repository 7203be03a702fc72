/** The part of the generated module that all types share: the rules of device types in simple Python. */
export const pythonChecker = `# Stands for null: None leaves a field out.
NULL = object()


def _refuse(path, rule):
    raise ValueError("%s breaks the rule %s" % (path or "data", rule))


def _checked(schema, value, path):
    kind = schema["type"]
    if value is NULL and schema.get("nullable"):
        return None
    if kind == "object":
        return _object(schema, value, path)
    if kind == "array":
        return _array(schema, value, path)
    if kind == "string":
        return _text(schema, value, path)
    if kind == "boolean":
        if value is not True and value is not False:
            _refuse(path, "type")
        return value
    return _number(schema, value, path)


def _object(schema, value, path):
    if not isinstance(value, dict):
        _refuse(path, "type")
    properties = schema.get("properties", {})
    kept = {}
    for name in value:
        if name not in properties:
            _refuse(path, "additionalProperties")
        if value[name] is not None:
            kept[name] = _checked(properties[name], value[name], name if not path else path + "." + name)
    for name in schema.get("required", ()):
        if name not in kept:
            _refuse(name if not path else path + "." + name, "required")
    choices = schema.get("anyOf")
    if choices and not any(all(name in kept for name in choice["required"]) for choice in choices):
        _refuse(path, "anyOf")
    if len(kept) < schema.get("minProperties", 0):
        _refuse(path, "minProperties")
    return kept


def _array(schema, value, path):
    if not isinstance(value, (list, tuple)):
        _refuse(path, "type")
    if len(value) < schema.get("minItems", 0):
        _refuse(path, "minItems")
    if len(value) > schema["maxItems"]:
        _refuse(path, "maxItems")
    return [_checked(schema["items"], item, path) for item in value]


def _text(schema, value, path):
    if not isinstance(value, str):
        _refuse(path, "type")
    if "enum" in schema and value not in schema["enum"]:
        _refuse(path, "enum")
    if "const" in schema and value != schema["const"]:
        _refuse(path, "const")
    if len(value) < schema.get("minLength", 0):
        _refuse(path, "minLength")
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        _refuse(path, "maxLength")
    return value


def _number(schema, value, path):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _refuse(path, "type")
    if value != value and schema.get("nullable"):
        return None
    # NaN and infinity are no JSON.
    if value - value != 0:
        _refuse(path, "type")
    if schema["type"] == "integer":
        if value != int(value):
            _refuse(path, "type")
        value = int(value)
    if "minimum" in schema and value < schema["minimum"]:
        _refuse(path, "minimum")
    if "maximum" in schema and value > schema["maximum"]:
        _refuse(path, "maximum")
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        _refuse(path, "exclusiveMinimum")
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        _refuse(path, "exclusiveMaximum")
    if "steps" in schema:
        lowest, highest, unit, decimals = schema["steps"]
        scaled = min(max(int(round(value * 10**decimals / unit)), lowest), highest) * unit
        return scaled / 10**decimals if decimals else scaled
    return value
`;
