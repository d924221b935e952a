/**
 * Types of the HTTP API, generated from its OpenAPI document by `npm run generate -w packages/client`.
 * Do not edit.
 */

export interface paths {
    "/.well-known/oauth-protected-resource": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How to authenticate (RFC 9728) */
        get: operations["readProtectedResource"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Query the ledger; filters combine, and the narrowest is answered by key */
        get: operations["queryEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/executions/{executionArn}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Status of an execution and its grant */
        get: operations["describeExecution"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/executions/{executionArn}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop an execution */
        post: operations["stopExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["readOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages that could not be handled */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/dead-letters/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send dead letters back to the queues they came from */
        post: operations["redriveDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/subjects/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Destroy the key and the reference of a subject; its entries stay, byte for byte */
        post: operations["eraseSubject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schemas/entry.v1.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** JSON Schema of a ledger entry */
        get: operations["readEntrySchema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workflows/{workflow}/executions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start a workflow as the subject of the access token */
        post: operations["startExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        DeadLetter: {
            /**
             * Format: int64
             * @description When it was given up
             */
            at: number;
            bytes: number;
            /** @description Error code */
            code: string;
            /** @description Id of the message */
            id: string;
            /** @enum {string} */
            queue: "status-events" | "revocations";
            /** @description What happened */
            reason: string;
            receiveCount: number;
            redrivable: boolean;
            /** @description SHA-256 of the original body, base64url */
            sha256: string;
        };
        DeadLetterList: {
            deadLetters: components["schemas"]["DeadLetter"][];
        };
        /** @description A document in JSON */
        Document: {
            [key: string]: unknown;
        };
        /** Countersign ledger entry, version 1 */
        Entry: {
            /** @enum {string} */
            action: "execution.authorized" | "execution.denied" | "execution.abandoned" | "execution.started" | "execution.redriven" | "execution.succeeded" | "execution.failed" | "execution.timed_out" | "execution.aborted" | "execution.status_changed" | "execution.caller_identified" | "execution.stop_requested" | "execution.described" | "request.refused" | "step.entered" | "step.succeeded" | "step.failed" | "step.token_issued" | "step.token_refused" | "step.called" | "token.revocation_requested" | "token.revocation_accepted" | "token.revoked" | "token.expired" | "token.exposure_recorded" | "token.revocation_gave_up" | "token.found_in_data" | "secret.rotation_started" | "secret.rotation_verified" | "secret.rotation_published" | "secret.rotation_retired" | "secret.rotation_rolled_back" | "secret.rotation_failed" | "finding.raised" | "alert.delivered" | "alert.failed" | "audit.queried" | "audit.exported" | "dead_letter.listed" | "dead_letter.redriven" | "subject.blocked" | "subject.unblocked" | "subject.erased" | "gap.found";
            actors?: {
                iss?: string;
                sub: string;
            }[];
            approver?: {
                iss: string;
                sub: string;
            };
            /** @enum {string} */
            attribution?: "gate" | "child" | "trusted_starter" | "none";
            /** @description entryId of the entry that led to this one */
            causedBy?: string;
            /** @description allow-listed claims */
            claims?: {
                [key: string]: string | number | boolean | string[];
            };
            clientId?: string;
            /** @description facts particular to the action */
            detail?: {
                [key: string]: (string | number | boolean | null) | {
                    [key: string]: string | number | boolean | null;
                } | ((string | number | boolean | null) | {
                    [key: string]: string | number | boolean | null;
                })[];
            };
            /** @description SHA-256 of the fact this entry records */
            entryId: string;
            error?: {
                code?: string;
                name: string;
            };
            executionArn?: string;
            /** @description when the token expires */
            expiresAt?: number;
            findingId?: string;
            /** @description keyed digest of the token, never the token */
            fingerprint?: string;
            /** @description the action's own id: grant, revocation, finding, history event */
            id?: string;
            /** @enum {string} */
            identityMode?: "exchanged" | "client_credentials" | "refreshed" | "inbound_only";
            /** @description milliseconds since 1970 */
            occurredAt: number;
            /** @enum {string} */
            outcome: "success" | "failure" | "denied" | "unknown";
            /** @description fields too large to keep here, kept under OVERFLOW#<sha256> */
            overflow?: {
                bytes: number;
                fields: ("detail" | "claims")[];
                sha256: string;
            };
            parentExecution?: string;
            /** @description personal data under the subject's own data key */
            personal?: {
                /** Format: base64 */
                ciphertext: string;
                key: string;
            };
            policyVersion?: string;
            /** @description milliseconds since 1970 */
            recordedAt: number;
            redriveCount?: number;
            role?: string;
            /** @constant */
            schema: "countersign.entry.v1";
            scopes?: string[];
            /** @enum {string} */
            source: "gate" | "event" | "reconcile" | "history" | "cloudtrail" | "revoker" | "rotation" | "detection" | "api";
            /** @description milliseconds since 1970 */
            startDate?: number;
            stateMachineAliasArn?: string;
            stateMachineArn?: string;
            stateMachineVersionArn?: string;
            step?: string;
            subject?: {
                iss: string;
                sub: string;
            };
            workflow?: string;
        };
        EntryPage: {
            /** @description Give it back with the same filters, from and to for the next page; absent on the last */
            cursor?: string;
            /** @description Newest first, by time of recording */
            entries: components["schemas"]["Entry"][];
            /**
             * Format: int64
             * @description Start of the window, inclusive
             */
            from: number;
            /**
             * Format: int64
             * @description End of the window, exclusive
             */
            to: number;
        };
        Erased: {
            /** @description Id of the ledger entry of the erasure */
            entryId: string;
            /** @description False when nothing was kept of the subject beside the ledger */
            found: boolean;
        };
        EraseRequest: {
            /** @description Issuer */
            iss: string;
            /** @description Subject as the issuer names it */
            sub: string;
        };
        Execution: {
            /** @enum {string} */
            attribution: "gate" | "child" | "trusted_starter" | "none";
            /** @description Name of the error it failed with */
            error?: string;
            /** @description ARN of the execution */
            executionArn: string;
            grant?: components["schemas"]["Grant"];
            redriveCount: number;
            /**
             * Format: int64
             * @description Milliseconds since 1970
             */
            startDate: number;
            /** @description RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE */
            status: string;
            /**
             * Format: int64
             * @description Milliseconds since 1970
             */
            stopDate?: number;
            /** @description Name of the workflow */
            workflow: string;
        };
        /** @description What the gate decided for this execution; the token itself is never shown */
        Grant: {
            /** @description OAuth client the execution was started with */
            clientId: string;
            /**
             * Format: int64
             * @description Expiry of the grant token, milliseconds since 1970
             */
            expiresAt?: number;
            /** @description Grant id */
            id: string;
            /** @enum {string} */
            identityMode: "exchanged" | "client_credentials" | "refreshed" | "inbound_only";
            /** @description Role the policy chose */
            role?: string;
            scopes: string[];
            /** @enum {string} */
            state: "authorizing" | "active" | "closed" | "revoking" | "revoked" | "expired" | "blocked";
            subject: {
                /** @description Issuer */
                iss: string;
                /** @description Subject at that issuer */
                sub: string;
            };
        };
        /** @description RFC 9457 problem details */
        Problem: {
            /**
             * @description Stable error code
             * @enum {string}
             */
            code: "request.malformed" | "request.too_large" | "request.input_holds_token" | "request.input_reserved" | "resource.not_found" | "token.missing" | "token.malformed" | "token.too_large" | "token.header_refused" | "token.type_mismatch" | "token.signature_invalid" | "token.issuer_unknown" | "token.audience_mismatch" | "token.claim_invalid" | "token.expired" | "token.not_yet_valid" | "token.lifetime_exceeded" | "token.inactive" | "token.sender_constrained" | "token.replayed" | "policy.scope_insufficient" | "policy.role_missing" | "policy.agent_refused" | "policy.delegation_too_deep" | "policy.token_lifetime_exceeded" | "policy.subject_blocked" | "policy.start_rate_exceeded" | "execution.conflict" | "execution.start_unresolved" | "execution.name_taken" | "execution.not_running" | "execution.start_refused" | "provider.exchange_refused" | "provider.grant_mismatch" | "provider.token_uncheckable" | "provider.client_refused" | "provider.revocation_unconfirmed" | "provider.unavailable" | "store.throttled" | "store.unavailable" | "ledger.fact_conflict" | "ledger.entry_unreadable" | "event.malformed" | "event.undeliverable" | "config.invalid" | "internal";
            /** @description What happened this time */
            detail: string;
            /** @description The field, claim or header at fault */
            field?: string;
            /** @description What to do */
            fix: string;
            /** @description Names this request in the logs */
            requestId?: string;
            status: number;
            /** @description The same for every occurrence of the code */
            title: string;
            /** @description urn:countersign:error: and the code */
            type: string;
        };
        /** @description Protected resource metadata (RFC 9728 §2) */
        ProtectedResource: {
            authorization_servers: string[];
            bearer_methods_supported: string[];
            /** @description This API */
            resource: string;
            /** @description For people */
            resource_name?: string;
            scopes_supported: string[];
        };
        Redriven: {
            /** @description Ids that hold nothing that could be sent */
            kept: string[];
            /** @description Ids sent back to their queue */
            redriven: string[];
        };
        RedriveRequest: {
            /** @description Only these; all by default */
            ids?: string[];
        };
        StartedExecution: {
            /** @description ARN of the execution */
            executionArn: string;
            grant: components["schemas"]["Grant"];
            /**
             * Format: int64
             * @description Milliseconds since 1970
             */
            startDate?: number;
            /** @description Name of the workflow */
            workflow: string;
        };
        StartRequest: {
            /** @description Input of the execution; the name "countersign" is the gate's */
            input?: {
                [key: string]: unknown;
            };
        };
        StopRequest: {
            /** @description Why; kept in Step Functions as the cause */
            reason?: string;
        };
        StopRequested: {
            /** @description ARN of the execution */
            executionArn: string;
            /** @description Id of the ledger entry's action */
            requestId: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readProtectedResource: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description How to authenticate (RFC 9728) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtectedResource"];
                };
            };
        };
    };
    queryEntries: {
        parameters: {
            query?: {
                /** @description Action */
                action?: "execution.authorized" | "execution.denied" | "execution.abandoned" | "execution.started" | "execution.redriven" | "execution.succeeded" | "execution.failed" | "execution.timed_out" | "execution.aborted" | "execution.status_changed" | "execution.caller_identified" | "execution.stop_requested" | "execution.described" | "request.refused" | "step.entered" | "step.succeeded" | "step.failed" | "step.token_issued" | "step.token_refused" | "step.called" | "token.revocation_requested" | "token.revocation_accepted" | "token.revoked" | "token.expired" | "token.exposure_recorded" | "token.revocation_gave_up" | "token.found_in_data" | "secret.rotation_started" | "secret.rotation_verified" | "secret.rotation_published" | "secret.rotation_retired" | "secret.rotation_rolled_back" | "secret.rotation_failed" | "finding.raised" | "alert.delivered" | "alert.failed" | "audit.queried" | "audit.exported" | "dead_letter.listed" | "dead_letter.redriven" | "subject.blocked" | "subject.unblocked" | "subject.erased" | "gap.found";
                /** @description Attribution */
                attribution?: "gate" | "child" | "trusted_starter" | "none";
                /** @description Decisions on an OAuth client */
                clientId?: string;
                /** @description From the page before */
                cursor?: string;
                /** @description Entries of one execution */
                executionArn?: string;
                /** @description Recorded at or after: milliseconds since 1970, or ISO 8601 */
                from?: string;
                /** @description Issuer of the subject; with sub */
                iss?: string;
                /** @description Most entries in a page */
                limit?: number;
                /** @description Outcome */
                outcome?: "success" | "failure" | "denied" | "unknown";
                /** @description Decisions on a scope */
                scope?: string;
                /** @description Subject; with iss */
                sub?: string;
                /** @description Recorded before: milliseconds since 1970, or ISO 8601 */
                to?: string;
                /** @description Decisions on a workflow */
                workflow?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A page of entries */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntryPage"];
                };
            };
        };
    };
    describeExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ARN of the execution */
                executionArn: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The execution */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
        };
    };
    stopExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ARN of the execution */
                executionArn: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StopRequest"];
            };
        };
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Asked to stop */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StopRequested"];
                };
            };
        };
    };
    readOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description Most letters */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Dead letters */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterList"];
                };
            };
        };
    };
    redriveDeadLetters: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RedriveRequest"];
            };
        };
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description What was sent back */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redriven"];
                };
            };
        };
    };
    eraseSubject: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EraseRequest"];
            };
        };
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Erased; safe to repeat */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erased"];
                };
            };
        };
    };
    readEntrySchema: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description JSON Schema of a ledger entry */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
        };
    };
    startExecution: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and body from the same caller give the same execution */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Name of the workflow */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StartRequest"];
            };
        };
        responses: {
            /** @description Refused (RFC 9457); tokens are challenged as in RFC 6750 */
            "4XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    /** @description Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1) */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not done (RFC 9457) */
            "5XX": {
                headers: {
                    /** @description Seconds after which the same request may succeed */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Started before by a request with this key */
            200: {
                headers: {
                    /** @description Path of the execution, relative to this API */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedExecution"];
                };
            };
            /** @description Started */
            201: {
                headers: {
                    /** @description Path of the execution, relative to this API */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedExecution"];
                };
            };
        };
    };
}
