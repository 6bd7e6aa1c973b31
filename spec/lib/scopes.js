// The decorator `@needs` of scopes.tsp: what programs read, and the same for people.
import { $doc, getDoc } from "@typespec/compiler";
import { setExtension } from "@typespec/openapi";

export const $decorators = {
  Holdfast: {
    needs(context, operation, ...scopes) {
      const names = scopes.map((scope) => scope.value.name);
      const listed = names.map((name) => `\`${name}\``).join(" and ");
      const said = {
        0: "Any token will do, whatever its scopes.",
        1: `Needs the scope ${listed}.`,
      }[names.length] ?? `Needs the scopes ${listed}.`;
      context.call($doc, operation, `${getDoc(context.program, operation)}\n\n${said}`);
      setExtension(context.program, operation, "x-required-scopes", names);
    },
  },
};
