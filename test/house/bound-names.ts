import type { AssignmentTarget, BindingPattern, Expression } from 'oxc-parser';

/** A name or member that a declaration or an assignment gives a value. */
type Target = Extract<AssignmentTarget, { type: 'Identifier' | 'MemberExpression' }>;
type Bound = Extract<BindingPattern, { type: 'Identifier' }>;

/** The names that a declaration makes, however it takes its value apart. */
export function boundNames(pattern: BindingPattern): Bound[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => {
        if (element === null) return [];
        return boundNames(element.type === 'RestElement' ? element.argument : element);
      });
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        boundNames(property.type === 'RestElement' ? property.argument : property.value),
      );
  }
}

/** The names and members that an assignment changes. */
export function assignedTargets(target: AssignmentTarget): Target[] {
  switch (target.type) {
    case 'Identifier':
    case 'MemberExpression':
      return [target];
    case 'ArrayPattern':
      return target.elements.flatMap((element) => {
        if (element === null) return [];
        return assignedTargets(
          element.type === 'RestElement'
            ? element.argument
            : element.type === 'AssignmentPattern'
              ? element.left
              : element,
        );
      });
    case 'ObjectPattern':
      return target.properties.flatMap((property) => {
        const value = property.type === 'RestElement' ? property.argument : property.value;
        return assignedTargets(value.type === 'AssignmentPattern' ? value.left : value);
      });
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'TSSatisfiesExpression':
    case 'TSTypeAssertion':
      return assignedExpression(target.expression);
  }
}

/** What stands behind `(x as T)`, `x!` and the like. */
function assignedExpression(expression: Expression): Target[] {
  return expression.type === 'Identifier' || expression.type === 'MemberExpression' ? [expression] : [];
}
