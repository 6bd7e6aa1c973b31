import java.time.OffsetDateTime;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.BookingsApi;
import org.openapitools.client.model.BookingDetail;
import org.openapitools.client.model.CreateBookingRequest;

/** Uses the client that OpenAPI Generator makes for Java: URL, token, facility, start. */
public class Use {
    public static void main(String[] given) throws ApiException {
        ApiClient client = new ApiClient();
        client.updateBaseUri(given[0]);
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + given[1]));
        BookingsApi bookings = new BookingsApi(client);
        OffsetDateTime start = OffsetDateTime.parse(given[3]);
        CreateBookingRequest body = new CreateBookingRequest()
            .facilityId(Integer.valueOf(given[2]))
            .startTime(start)
            .endTime(start.plusHours(1))
            .title("Java");
        BookingDetail booking = bookings.bookingsCreate(body, null);
        try {
            bookings.bookingsCreate(body, null);
        } catch (ApiException refused) {
            System.out.println(booking.getTitle() + " " + booking.getStartTime().toInstant() + " " + refused.getCode());
        }
    }
}
