const money = (cents, currency) => new Intl.NumberFormat('en', { style: 'currency', currency }).format(cents / 100)

async function showAccounts(body) {
  const answer = await fetch('/')
  const { accounts } = await answer.json()
  for (const { name, currency, balanceCents } of accounts) {
    const row = body.insertRow()
    row.insertCell().textContent = name
    row.insertCell().textContent = money(balanceCents, currency)
  }
}

await showAccounts(document.getElementById('accounts'))
