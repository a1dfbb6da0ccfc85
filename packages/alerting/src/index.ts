/** What is wrong, and who is told: rules, data checks, templates, routing, receivers, the inbox. */
export { isResolvedAt, type Alert, type SampleRows } from './alert.ts'
export { type Logger } from './logger.ts'
export { type OwnMetric } from './own-metric.ts'
export { type KeyPath, type Report } from './problem-report.ts'
export { parseRuleFile } from './rules/rule-file.ts'
export {
  type AlertingDefinition,
  type RecordingDefinition,
  type RuleDefinition,
  type RuleFileError,
  type RuleGroup,
} from './rules/rule-group.ts'
export {
  type AlertStatus,
  type AlertingStatus,
  type GroupStatus,
  type RecordingStatus,
  type RuleStatus,
} from './rules/rule-status.ts'
export { type QueryElement, type QueryFn } from './rules/query.ts'
export { RuleManager, type RuleManagerOptions, type RuleSettings } from './rules/rule-manager.ts'
export {
  DEFAULT_RULE_NAMES,
  defaultRules,
  type DefaultRulesOptions,
} from './rules/default-rules.ts'
export {
  type CheckConfig,
  type CheckSource,
  type Datasource,
  type Expectation,
} from './checks/check-config.ts'
export { parseChecks } from './checks/parse-checks.ts'
export { CheckManager, type CheckManagerOptions } from './checks/check-manager.ts'
export { type CheckState } from './checks/check-state.ts'
export { type AlertmanagerConfig, type Route } from './notify/routing-config.ts'
export {
  type DiscordConfig,
  type EmailConfig,
  type HttpOptions,
  type Integration,
  type NtfyConfig,
  type Receiver,
  type SlackConfig,
  type WebhookConfig,
} from './notify/receiver-config.ts'
export { parseAlertmanagerConfig } from './notify/parse-config.ts'
export { Inbox, type InboxOptions, type Notification, type NotifiedAlert } from './notify/inbox.ts'
export { Notifier, type NotifierOptions, type TestResult } from './notify/notifier.ts'
export { RuleTemplate, TemplateError, type RuleTemplateContext } from './template/rule-template.ts'
export { type Value as TemplateValue } from './template/value.ts'
export {
  MatcherError,
  parseClassicMatchers,
  parseMatchers,
  parseUtf8Matcher,
  parseUtf8Matchers,
} from './notify/matcher-parse.ts'
export { matchRoutes, walkRoutes } from './notify/route.ts'
export { type GroupState, type LogEntry, type Reason, reasonToNotify } from './notify/dedup.ts'
