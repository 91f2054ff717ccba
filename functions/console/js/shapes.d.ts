// The API's shapes, written by `python -m tests.console.shapes`: do not edit by hand.

export interface Account {
  name: string;
  kind: 'drive' | 'dropbox' | 'onedrive' | 's3' | 'folder';
  title: string;
  identity: string;
  health: 'good' | 'new' | 'throttled' | 'deaf' | 'broken';
  reason: string;
  syncs: string[];
  looked_at?: string | null;
  paused_until?: string | null;
  pushes: boolean;
  settings?: Record<string, string> | null;
}

export interface Accounts {
  items: Account[];
}

export interface App {
  client_id: string;
  client_secret: string;
  url: string;
}

export interface Check {
  working: boolean;
  identity: string;
  reason: string;
  quota?: Quota | null;
}

export interface Connection {
  url: string;
  expires_at: string;
}

export interface Folder {
  name: string;
  path: string;
  taken_by: string;
}

export interface Folders {
  account: string;
  path: string;
  items: Folder[];
  next?: string | null;
}

export interface NewAccount {
  name: string;
  kind: 'drive' | 'dropbox' | 'onedrive' | 's3' | 'folder';
  client_id: string;
  settings?: Record<string, string> | null;
  access_key_id: string;
  secret_access_key: string;
  refresh_token: string;
  client_secret: string;
}

export interface NewConnection {
  kind: 'drive' | 'dropbox' | 'onedrive';
  name: string;
  settings?: Record<string, string> | null;
}

export interface Provider {
  kind: 'drive' | 'dropbox' | 'onedrive' | 's3' | 'folder';
  title: string;
  connects: 'oauth' | 'keys' | 'path';
  ready: boolean;
  client_id: string;
  redirect: string;
  push: string;
}

export interface Providers {
  items: Provider[];
}

export interface Quota {
  used?: number | null;
  total?: number | null;
}

export interface Event {
  sync: string;
  run: number;
  number: number;
  at?: string | null;
  verb: string;
  endpoint: string;
  account: string;
  path: string;
  detail: string;
}

export interface Events {
  items: Event[];
  next?: string | null;
}

export interface Run {
  sync: string;
  number: number;
  started_at?: string | null;
  ended_at?: string | null;
  outcome: '' | 'done' | 'partial' | 'stopped' | 'failed' | 'interrupted';
  counts: Record<string, number>;
  message: string;
}

export interface Runs {
  items: Run[];
  next?: string | null;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  mend: string;
  fields?: Record<string, string> | null;
}

export interface Conflict {
  id: string;
  sync: string;
  kept: Version;
  other: Version;
}

export interface Conflicts {
  items: Conflict[];
  next?: string | null;
}

export interface Resolution {
  take: 'kept' | 'other' | 'both' | 'merged';
  text?: string | null;
}

export interface Version {
  path: string;
  endpoint: string;
  account: string;
  size?: number | null;
  modified_at?: string | null;
  media: 'text' | 'image' | 'other';
  deleted: boolean;
}

export interface Amount {
  key: string;
  account: string;
  files: number;
  bytes: number;
}

export interface Day {
  day: string;
  counts: Record<string, number>;
}

export interface Duplicate {
  size: number;
  wasted: number;
  files: File[];
}

export interface File {
  name: string;
  path: string;
  account: string;
  kind: string;
  sync: string;
  endpoint: string;
  type: 'folder' | 'document' | 'image' | 'video' | 'audio' | 'archive' | 'code' | 'other';
  size?: number | null;
  modified_at?: string | null;
}

export interface Files {
  items: File[];
  next?: string | null;
  as_of?: string | null;
  pending: string[];
}

export interface Statistics {
  as_of?: string | null;
  by_account: Amount[];
  by_type: Amount[];
  days: Day[];
  largest: File[];
  duplicates: Duplicate[];
  pending: string[];
}

export interface Hint {
  type: string;
  name: string;
}

export interface Decision {
  allow: boolean;
}

export interface Deployment {
  version: string;
  login: 'oidc' | 'once';
}

export interface Device {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

export interface DeviceRequest {
  user_code: string;
  name: string;
  expires_at: string;
}

export interface Invitation {
  email: string;
  admin: boolean;
  invited_at: string;
}

export interface Invitations {
  items: Invitation[];
}

export interface NewDevice {
  name: string;
}

export interface NewInvitation {
  email: string;
  admin: boolean;
}

export interface NewToken {
  device_code: string;
}

export interface Program {
  id: string;
  name: string;
  since: string;
  expires_at: string;
}

export interface Programs {
  items: Program[];
}

export interface Session {
  user: User;
  expires_at: string;
  device: string;
}

export interface Ticket {
  url: string;
  expires_at: string;
}

export interface Token {
  token: string;
  expires_at: string;
}

export interface User {
  id: string;
  email: string;
  admin: boolean;
  seen_at?: string | null;
}

export interface Users {
  items: User[];
}

export interface Endpoint {
  account: string;
  path: string;
}

export interface EndpointState {
  id: string;
  account: string;
  path: string;
  kind: string;
  title: string;
  state: 'good' | 'looking' | 'news' | 'away' | 'stopped';
  reason: string;
  files?: number | null;
}

export interface Moving {
  verb: string;
  path: string;
  to_account: string;
  to_endpoint: string;
  from_account: string;
  from_endpoint: string;
  size?: number | null;
  waits: string;
}

export interface Movings {
  total: number;
  items: Moving[];
}

export interface NewSync {
  name: string;
  endpoints: Endpoint[];
  rule: Rule;
  preview: boolean;
}

export interface Plan {
  id: string;
  sync: string;
  reason: string;
  preview: boolean;
  totals: PlanTotal[];
  left_out: number;
  items: PlannedAction[];
  next?: string | null;
}

export interface PlanHead {
  id: string;
  sync: string;
  reason: string;
  preview: boolean;
  totals: PlanTotal[];
  left_out: number;
}

export interface PlanTotal {
  verb: string;
  account: string;
  endpoint: string;
  count: number;
  bytes: number;
}

export interface PlannedAction {
  verb: string;
  account: string;
  endpoint: string;
  path: string;
  size?: number | null;
}

export interface Plans {
  items: PlanHead[];
}

export interface Rule {
  mode: 'two-way' | 'one-way' | 'copy' | 'move';
  keep: string;
  auto_merge: boolean;
  patterns?: string[] | null;
  min_size?: number | null;
  max_size?: number | null;
  min_age: string;
  max_age: string;
  max_delete: string;
}

export interface Stopped {
  reason: string;
  plan: string;
  preview: boolean;
}

export interface Sync {
  name: string;
  endpoints: EndpointState[];
  rule: Rule;
  state: 'in-step' | 'working' | 'waiting' | 'paused' | 'stopped';
  reason: string;
  paused: boolean;
  verified_at?: string | null;
  stopped?: Stopped | null;
  to_do: number;
  conflicts: number;
  problems: string[];
  revision: string;
}

export interface SyncChange {
  rule?: Rule | null;
  paused?: boolean | null;
}

export interface Syncs {
  items: Sync[];
}
