// Uses the client that OpenAPI Generator makes for TypeScript: URL, token, facility, start.
import { BookingsApi, Configuration, ResponseError } from "./client/index.js";

const [basePath, accessToken, facility, begin] = process.argv.slice(2) as [string, string, string, string];
const api = new BookingsApi(new Configuration({ basePath, accessToken }));
const startTime = new Date(begin);
const createBookingRequest = {
  facilityId: Number(facility),
  startTime,
  endTime: new Date(startTime.getTime() + 3_600_000),
  title: "TypeScript",
};
const booking = await api.bookingsCreate({ createBookingRequest });
try {
  await api.bookingsCreate({ createBookingRequest });
} catch (refused) {
  if (!(refused instanceof ResponseError)) throw refused;
  const start = booking.startTime.toISOString().replace(".000Z", "Z");
  console.log(booking.title, start, refused.response.status);
}
