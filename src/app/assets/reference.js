/* Draws the contract of this service as a page to read and to try out. */
"use strict";

/* A browser adds the session's cookie by itself and lets no script set it: a field to type it in
   could not work. */
const withoutCookies = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (contract) => {
          const cookies = Object.entries(contract?.components?.securitySchemes ?? {})
            .filter(([, scheme]) => scheme.in === "cookie")
            .map(([name]) => name);
          const plain = structuredClone(contract);
          const keep = (wanted) => wanted.filter((one) => !cookies.some((name) => name in one));
          for (const name of cookies) delete plain.components.securitySchemes[name];
          if (plain.security) plain.security = keep(plain.security);
          for (const path of Object.values(plain.paths ?? {})) {
            for (const operation of Object.values(path)) {
              if (operation.security) operation.security = keep(operation.security);
            }
          }
          return update(plain);
        },
      },
    },
  },
});

/* What is tried out is done with the rights of the token that was given to Authorize, and with no
   others: not with those of whoever is signed in with this browser, nor does it sign anybody in. */
const withoutSession = (request) => {
  request.credentials = "omit";
  return request;
};

/* Swagger UI shows a reply when it has ended, which a stream does not for an hour. */
const withoutStreams = () => ({
  wrapComponents: {
    execute: (Execute, { React }) => (props) =>
      props.operation?.getIn(["responses", "200", "content", "text/event-stream"])
        ? React.createElement(
            "p",
            { className: "opblock-description-wrapper" },
            "A stream goes on and on, so there would be nothing to see here. Follow it with curl.",
          )
        : React.createElement(Execute, props),
  },
});

document.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#reference",
    plugins: [withoutCookies, withoutStreams],
    requestInterceptor: withoutSession,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    displayOperationId: true,
    displayRequestDuration: true,
    filter: true,
    showExtensions: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestSnippetsEnabled: true,
  });
});
