//! Asks once for a token of the identity that the second argument names, and prints what came of it as a line of JSON.
use std::{env, time::Instant};

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use sha2::{Digest, Sha256};

async fn ask(client_id: String) -> azure_core::Result<AccessToken> {
    let user_assigned_id = Some(UserAssignedId::ClientId(client_id));
    let options = ManagedIdentityCredentialOptions { user_assigned_id, ..Default::default() };
    let credential = ManagedIdentityCredential::new(Some(options))?;
    credential.get_token(&["https://vault.azure.net/.default"], None).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let started = Instant::now();
    let asked = ask(env::args().nth(2).expect("a client ID")).await;
    let seconds = started.elapsed().as_secs_f64();
    let told = match asked {
        Ok(got) => {
            let sum = Sha256::digest(got.token.secret().as_bytes());
            let token: String = sum.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            serde_json::json!({ "ok": true, "token": token, "seconds": seconds })
        }
        Err(reason) => {
            let (error, message) = (format!("{:?}", reason.kind()), reason.to_string());
            serde_json::json!({ "ok": false, "error": error, "message": message, "seconds": seconds })
        }
    };
    println!("{told}");
}
