import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Asks once for a token, by the credential that the first argument names, and prints what came of it as a line of JSON. */
public final class TokenClient {
    private TokenClient() {}

    public static void main(String[] arguments) throws Exception {
        long started = System.nanoTime();
        String told;
        try {
            var context = new TokenRequestContext().addScopes("https://vault.azure.net/.default");
            var token = credential(arguments[0], arguments[1]).getTokenSync(context).getToken();
            var sum = MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
            told = "\"ok\":true,\"token\":\"" + HexFormat.of().formatHex(sum).substring(0, 8) + "\"";
        } catch (Exception reason) {
            told = "\"ok\":false,\"error\":" + quoted(reason.getClass().getSimpleName())
                + ",\"message\":" + quoted(String.valueOf(reason.getMessage()));
        }
        System.out.println("{" + told + ",\"seconds\":" + (System.nanoTime() - started) / 1e9 + "}");
        System.exit(0); // the SDK's own threads would hold the process for a minute
    }

    private static TokenCredential credential(String kind, String clientId) {
        return kind.equals("managed")
            ? new ManagedIdentityCredentialBuilder().clientId(clientId).build()
            : new DefaultAzureCredentialBuilder().build();
    }

    private static String quoted(String text) {
        var out = new StringBuilder("\"");
        for (char one : text.toCharArray()) {
            if (one == '"' || one == '\\') out.append('\\').append(one);
            else if (one < ' ') out.append(String.format("\\u%04x", (int) one));
            else out.append(one);
        }
        return out.append('"').toString();
    }
}
