import { type ConfigInput, type IssuerConfig, parseConfig } from "@countersign/core/config/config";

export const gateAudience = "https://gate.example";
export const grantAudience = "https://payments.example";
export const clientId = "countersign";
export const clientSecret = "countersign-secret-Zm9yLXRlc3Rz+/=:";

/** An issuer's configuration as it comes out of validation. */
export function issuerConfig(
  issuer: string,
  overrides: Partial<ConfigInput["issuers"][number]> = {},
): IssuerConfig {
  const config = parseConfig({
    issuers: [
      {
        issuer,
        audience: gateAudience,
        profile: "rfc9068",
        client: { id: clientId, secret: "countersign/client" },
        grantAudience,
        ...overrides,
      },
    ],
    workflows: {},
  });
  const [first] = config.issuers;
  if (!first) throw new Error("the configuration lost its issuer");
  return first;
}
