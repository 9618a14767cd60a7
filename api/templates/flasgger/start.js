// Starts Swagger UI on the document that the page names; nothing is loaded from another host.
const address = document.currentScript.dataset.document;

// Swagger UI draws every operation, field and text again whenever anything changes. A closed
// operation changes only when it is opened or when its lock is; a field with its value and its
// faults; a text only with its source.
const drawLess = () => ({
  wrapComponents: {
    OperationContainer: (Original) =>
      class extends Original {
        shouldComponentUpdate(next) {
          const now = this.props;
          return next.isShown || now.isShown || next.isAuthorized !== now.isAuthorized;
        }
      },
    // A field with several examples also changes with the one that is chosen.
    parameterRow: (Original, system) =>
      system.React.memo(
        Original,
        (now, next) =>
          !next.rawParam.has("examples") &&
          now.isExecute === next.isExecute &&
          now.rawParam === next.rawParam &&
          now.param.equals(next.param),
      ),
    Markdown: (Original, system) =>
      system.React.memo(Original, (now, next) => now.source === next.source),
  },
  // Each field asks for a sample of its schema at each change; one of a pattern is made slowly.
  afterLoad() {
    const made = new Map();
    const make = this.fn.getSampleSchema;
    this.fn.getSampleSchema = (...given) => {
      const key = JSON.stringify(given);
      if (!made.has(key)) made.set(key, make(...given));
      return made.get(key);
    };
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
