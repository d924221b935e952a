/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  app({ stage }) {
    const isProduction = ["prod", "production"].includes(stage);
    return {
      name: "countersign",
      home: "aws",
      removal: isProduction ? "retain" : "remove",
      protect: isProduction,
      providers: {
        aws: { version: "7.20.0", defaultTags: { tags: { application: "countersign", stage } } },
      },
    };
  },
  async run() {
    const { deploy } = await import("./stacks/deploy.ts");
    return deploy();
  },
});
