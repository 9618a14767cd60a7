// Starts Swagger UI on the document that the page names; nothing is loaded from another host.
const address = document.currentScript.dataset.document;

// Swagger UI draws every operation and every text again whenever anything changes. A closed
// operation changes only when it is opened or when its lock is; a text only with its source.
const drawLess = () => ({
  wrapComponents: {
    OperationContainer: (Original) =>
      class extends Original {
        shouldComponentUpdate(next) {
          const now = this.props;
          return next.isShown || now.isShown || next.isAuthorized !== now.isAuthorized;
        }
      },
    Markdown: (Original, system) =>
      system.React.memo(Original, (now, next) => now.source === next.source),
  },
});

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: address,
    dom_id: "#swagger-ui",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayOperationId: true,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [drawLess],
  });
});
