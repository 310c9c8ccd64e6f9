// What the made-up platform is made of. Each list is in order of how often its members occur.

export const providers = [
  ...['salesforce', 'hubspot', 'zendesk', 'slack', 'gmail', 'netsuite', 'microsoftDynamics365', 'marketo'],
  ...['intercom', 'outreach', 'salesloft', 'gong', 'zoom', 'jira', 'asana', 'notion', 'airtable', 'stripe'],
  ...['quickbooks', 'xero', 'shopify', 'mailchimp', 'pipedrive', 'freshdesk', 'dropbox'],
]

export const projects = [
  ...[
    'northstar',
    'bluebird',
    'quickledger',
    'harvestly',
    'tidepool',
    'fieldnote',
    'brightdesk',
    'papertrail',
  ],
  ...['cloudcart', 'ringwell', 'opsbridge', 'mailbarn', 'clearpath', 'stackyard', 'hirewise', 'leadforge'],
  ...['docuflow', 'pulsecheck', 'surveyhive', 'wavelength', 'cratefox', 'talentry', 'signalhub', 'invoicely'],
  ...['taskloom', 'parcelo', 'growthbox', 'deskly', 'formfield', 'crewboard', 'pipewise', 'northwoods'],
  ...['feedloop', 'adpilot', 'meetingmill', 'chatterbox', 'rosterly', 'billbird', 'datadock', 'goldfinch'],
]

export const authSchemes = [
  'oauth2/authorizationCode',
  'apiKey',
  'oauth2/authorizationCodePKCE',
  'oauth2/clientCredentials',
  'basic',
  'oauth2/password',
  'none',
]

export const destinationTypes = [
  ...['webhook', 's3', 'snowflake', 'slack', 'bigquery', 'kinesis'],
  ...['sqs', 'clickhouse', 'redshift', 'pubsub', 'rabbitmq', 'azureservicebus'],
]

export const objects = ['contact', 'account', 'lead', 'opportunity', 'ticket', 'invoice', 'user']

export const failures = [
  'rate limited',
  'credentials rejected',
  'provider timeout',
  'invalid field',
  'provider error',
]
