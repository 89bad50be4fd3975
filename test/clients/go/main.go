// Asks once for a token, by the credential that the first argument names, and prints what came of it as a line of JSON.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

type result struct {
	Ok      bool    `json:"ok"`
	Token   string  `json:"token,omitempty"`
	JWT     string  `json:"jwt,omitempty"`
	Error   string  `json:"error,omitempty"`
	Message string  `json:"message,omitempty"`
	Seconds float64 `json:"seconds"`
}

func credential(kind, clientID string) (azcore.TokenCredential, error) {
	switch kind {
	case "managed":
		id := azidentity.ClientID(clientID)
		return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: id})
	case "environment":
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{DisableInstanceDiscovery: true})
	default:
		return azidentity.NewDefaultAzureCredential(nil)
	}
}

func main() {
	started := time.Now()
	cred, err := credential(os.Args[1], os.Args[2])
	var token azcore.AccessToken
	if err == nil {
		scopes := []string{"https://vault.azure.net/.default"}
		token, err = cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: scopes})
	}
	told := result{Ok: err == nil, Seconds: time.Since(started).Seconds()}
	if err == nil {
		sum := sha256.Sum256([]byte(token.Token))
		told.Token = hex.EncodeToString(sum[:])[:8]
		if os.Getenv("TELL_TOKEN") != "" {
			told.JWT = token.Token
		}
	} else {
		told.Error, told.Message = fmt.Sprintf("%T", err), err.Error()
	}
	_ = json.NewEncoder(os.Stdout).Encode(told)
}
