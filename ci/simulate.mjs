// Asks a simulator of AWS's policy evaluation, iam-simulate, about each case of the JSON on standard input, and answers in
// the same order: Allowed, ImplicitlyDenied or ExplicitlyDenied.
// It runs where the package is: target/ci/npm.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { anonymousPrincipal, runSimulation } = createRequire(`${process.cwd()}/`)('@cloud-copilot/iam-simulate')
const answers = []
for (const { principal, action, resource, account, identity, policy, context } of JSON.parse(readFileSync(0))) {
  const { resultType, overallResult, errors } = await runSimulation(
    {
      request: {
        principal: principal ?? anonymousPrincipal,
        action,
        resource: { resource, accountId: account },
        contextVariables: context,
      },
      identityPolicies: identity.map((policy, number) => ({ name: `policy-${number}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: policy,
    },
    {},
  )
  if (resultType === 'error') throw new Error(`${action} on ${resource}: ${JSON.stringify(errors)}`)
  answers.push(overallResult)
}
console.log(JSON.stringify(answers))
